"""What is followed is read at most once in a request, and anew in the next one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def one_reading(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Hold what is followed from the request to its answer."""
    from twins.records.followed import held  # needs the compiler, which commands that look at this module do not

    def hold(request: HttpRequest) -> HttpResponse:
        with held():
            return get_response(request)

    return hold
