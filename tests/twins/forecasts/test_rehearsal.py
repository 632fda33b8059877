"""The made-up patient of a rehearsal is somebody whom a model's equations reach."""

import numpy as np
import pytest

from twins.forecasts.rehearsal import made_up
from twins.pharmacology import formulary
from twins.pharmacology.covariates import CovariateError, history

NEWBORNS = "gentamicin-germovsek-2016-neonate"
"""The middle of its ages and weights is no one child."""


@pytest.mark.parametrize("model_id", sorted({*formulary.model_ids()} - {NEWBORNS}))
def test_every_model_of_the_formulary_has_one(model_id: str) -> None:
    model = formulary.model(model_id)
    assert np.isfinite(history(model, made_up(model)).typical).all()


def test_where_the_middle_of_a_population_is_nobody_it_is_said() -> None:
    model = formulary.model(NEWBORNS)
    with pytest.raises(CovariateError, match="its equations do not reach this patient"):
        history(model, made_up(model))
