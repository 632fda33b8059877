"""What administrators chose to follow, as rows."""

from django.utils import timezone

from twins.records.models import FollowedVersion


def chosen(drug: str, *model_ids: str) -> FollowedVersion:
    """From now on `drug` is followed by these models; by none: not followed."""
    return FollowedVersion.objects.create(
        drug=drug,
        number=FollowedVersion.objects.filter(drug=drug).count() + 1,
        model_ids=list(model_ids),
        reason="As the committee decided.",
        made_by="user-1",
        made_at=timezone.now(),
    )
