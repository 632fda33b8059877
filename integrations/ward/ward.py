"""`Ward`: the patients, the clock, the log and the faults that one server serves."""

import threading
from datetime import datetime
from typing import Any

import numpy as np

from integrations.ward.clock import WardClock
from integrations.ward.disturbances import Disturbance, disturb
from integrations.ward.faults import FaultPlan, Faults
from integrations.ward.log import WardLog, base_versions
from integrations.ward.patients import WardPatient, ward_patients
from integrations.ward.resources import instant

DEFAULT_SEED = 12924
"""Chosen so that the stories tell themselves: on the third day the stable patient's true AUC24 is within 400 to
600 mg·h/L, that with augmented clearance is below it, and that with kidney injury is above it. Nothing that measures
the twins uses it: the coverage test takes its seeds in order."""


class Ward:
    """Everything that a server answers from; safe to use from many threads.

    Parameters
    ----------
    seed
        Of the patients, their measurements and their hidden parameters.
    clock
        Says what is known by now.
    plan
        The faults that are on from the start.
    """

    def __init__(self, *, seed: int, clock: WardClock, plan: FaultPlan | None = None) -> None:
        self.seed = seed
        self.clock = clock
        self.patients: tuple[WardPatient, ...] = ward_patients(seed, clock.epoch)
        self._base = base_versions(self.patients, seed)
        self._lock = threading.Lock()
        self.set_faults(plan or FaultPlan())

    def set_faults(self, plan: FaultPlan) -> None:
        """Switch to other faults; the counts start again."""
        versions, disturbances = disturb(self._base, plan.names, plan.seed, epoch=self.clock.epoch)
        with self._lock:
            self._state = (WardLog(versions), Faults(plan), disturbances)

    @property
    def state(self) -> tuple[WardLog, Faults, tuple[Disturbance, ...]]:
        with self._lock:
            return self._state

    def now(self) -> datetime:
        return self.clock.now()

    def clock_json(self) -> dict[str, Any]:
        return {
            "epoch": instant(self.clock.epoch),
            "now": instant(self.now()),
            "hours": self.clock.hours,
            "speed": self.clock.speed,
        }

    def faults_json(self) -> dict[str, Any]:
        _, faults, disturbances = self.state
        return {
            **faults.plan.to_json(),
            "struck": faults.struck(),
            "disturbances": [item.to_json() for item in disturbances],
        }

    def truth_json(self) -> dict[str, Any]:
        """The hidden parameters and the true concentration, hourly, of every patient on vancomycin."""
        return {
            "seed": self.seed,
            "epoch": instant(self.clock.epoch),
            "patients": [self._truth(patient) for patient in self.patients if patient.truth is not None],
        }

    @staticmethod
    def _truth(patient: WardPatient) -> dict[str, Any]:
        truth = patient.truth
        times = np.arange(0.0, patient.horizon_h + 1.0)
        return {
            "id": patient.id,
            "record_number": patient.record_number,
            "story": patient.profile.key,
            "model": truth.model_id if truth else None,
            "etas": dict(zip(truth.eta_names, truth.etas, strict=True)) if truth else {},
            "times_h": times.tolist(),
            "concentration_mg_per_l": truth.concentration(times).tolist() if truth else [],
        }
