from twins.records.models.comparison import Comparison
from twins.records.models.followed_version import FollowedVersion
from twins.records.models.given_dose import GivenDose
from twins.records.models.house_version import HouseVersion
from twins.records.models.job import Job, JobChunk, JobKind, JobState
from twins.records.models.level_forecast import LevelForecast
from twins.records.models.order import Order
from twins.records.models.question import Question, QuestionAction
from twins.records.models.record import RecordState
from twins.records.models.stored_sample import StoredSample
from twins.records.models.subject import Sex, Subject
from twins.records.models.twin_version import TwinVersion

__all__ = [
    "Comparison",
    "FollowedVersion",
    "GivenDose",
    "HouseVersion",
    "Job",
    "JobChunk",
    "JobKind",
    "JobState",
    "LevelForecast",
    "Order",
    "Question",
    "QuestionAction",
    "RecordState",
    "Sex",
    "StoredSample",
    "Subject",
    "TwinVersion",
]
