"""Settings: safe by default, chosen by the environment, the embedded default without any server."""

import os
import re
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from clinic.access.roles import Role
from clinic.site import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
# Whatever is written here (database, logs, queue, studies) is for this account's eyes only.
os.umask(0o077)
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.generated_secret("SECRET_KEY", VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", "")
"""Keys that SECRET_KEY replaced: what they sealed, such as the secrets of authenticator apps, still opens."""
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
HTTPS_ONLY = env.flag("HTTPS_ONLY", False)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "oauth2_provider",
    "twins.records",
    "clinic.twin_words",
    "clinic.measures",
    "clinic.audit",
    "clinic.patients",
    "clinic.access",
    "clinic.charts",
    "clinic.worklist",
    "clinic.comparisons",
    "clinic.decisions",
    "clinic.research",
    "clinic.formulary",
    "clinic.administration",
    "clinic.site",
    "integrations.readings",
    "integrations.ehr",
    "integrations.fhir",
    "integrations.fhir.bulk",
    "integrations.fhir.subscriptions",
    "integrations.smart",
    "integrations.cds_hooks",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinic.site.features.features",
    "clinic.access.middleware.request_identity",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "clinic.site.language.SpokenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinic.access.own_language.speak",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "integrations.smart.cross_origin.cross_origin",
    "clinic.access.framing.framing",
    "allauth.account.middleware.AccountMiddleware",
    "clinic.access.idle.watch",
    "clinic.formulary.middleware.one_reading",
    "clinic.access.middleware.Gate",
]

ROOT_URLCONF = "clinic.site.urls"
WSGI_APPLICATION = "clinic.site.wsgi.application"
ASGI_APPLICATION = "clinic.site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "clinic.access.context.permissions",
            ],
        },
    },
]

_database_url = env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'clinic.sqlite3'}")
if not re.match(r"(sqlite|postgres(ql)?)://", _database_url):
    raise ImproperlyConfigured("DATABASE_URL names neither sqlite:// nor postgresql://; use one of them")
DATABASES = {"default": dj_database_url.parse(_database_url, conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }

AUTHENTICATION_BACKENDS = ["clinic.access.own_language.People"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "clinic.access.breach.BreachedPasswordValidator"},
]
BREACHED_PASSWORDS_FILE = env.file("BREACHED_PASSWORDS_FILE")
"""A list of stolen passwords as Pwned Passwords gives it out: SHA-1 digests with counts, sorted; empty: none."""
BREACHED_PASSWORDS_URL = env.web_address("BREACHED_PASSWORDS_URL")
"""A server asked by the first five digits of a digest: ``https://api.pwnedpasswords.com/range``; empty: none."""
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "worklist"
LOGOUT_REDIRECT_URL = "login"

# Of allauth only what clinic/access/urls.py routes is reachable; nobody makes an account for themselves.
ACCOUNT_ADAPTER = "clinic.access.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_LOGIN_TIMEOUT = 300
"""Seconds between the password and the second factor."""
MFA_ADAPTER = "clinic.access.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = env.text("SITE_NAME", "Patient Twin")
"""What authenticator apps and keys call this site."""
MFA_TOTP_TOLERANCE = 1
SECOND_FACTOR_ROLES = env.choices("SECOND_FACTOR_ROLES", [role.value for role in Role])
"""Roles whose people see nothing but their own account until they showed a second factor; by default none."""
SOCIALACCOUNT_ADAPTER = "clinic.access.single_sign_on.HospitalPeople"
SOCIALACCOUNT_STORE_TOKENS = False
OIDC = env.provider("OIDC")
"""The hospital's single sign-on: OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_NAME; empty: none."""
OIDC_MATCH_EMAIL = env.flag("OIDC_MATCH_EMAIL", False)
"""Bind a subject id at its first login to the one person with the e-mail address that the provider has verified."""
OIDC_IS_SECOND_FACTOR = env.flag("OIDC_IS_SECOND_FACTOR", False)
"""The provider asks for a second factor itself, so that none is asked for here."""
REAUTHENTICATION_MINUTES = env.integer("REAUTHENTICATION_MINUTES", 5, low=0, high=60)
"""How long a person who proved who they are need not do it once more, where a page asks for it; 0: each time."""

EMAIL_HOST = env.text("EMAIL_HOST", "")
"""The server that sends the links of forgotten passwords, where else an administrator helps, and what reviewers of
emergency accesses are told; empty: none are sent."""
EMAIL_PORT = env.integer("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "patient-twin@localhost")

LANGUAGE_CODE = "en-gb"
"""What the command line, the logs, other systems and everything stored are spoken to in; pages may be in another."""
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
SITE_LANGUAGE = env.choice("SITE_LANGUAGE", "", [code for code, _ in LANGUAGES])
"""The language of pages for whoever chose none; empty: what the browser asks for, else English."""
USE_TZ = True
TIME_ZONE = env.text("WARD_TIME_ZONE", "UTC")
"""The zone that pages show; everything is stored in UTC."""

SHOWN_UNITS = env.pairs("SHOWN_UNITS")
"""Units that pages show measured values and levels of drugs in, where not in the stored ones:
``creatinine=umol/L,glucose=mmol/L,vancomycin=umol/L``. What cannot be converted is refused at start
(`clinic.measures.units`)."""

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns about a folder that is not there
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

SESSION_COOKIE_AGE = 60 * env.integer("SESSION_IDLE_MINUTES", 15, low=1, high=480)
"""Seconds without anything done after which a session ends; the server counts, whatever a browser keeps."""
SESSION_WARNING_SECONDS = min(120, SESSION_COOKIE_AGE // 3)
"""How long before that an open page says so."""
SESSION_HOURS = env.integer("SESSION_HOURS", 12, low=1, high=24)
"""After so many hours a person logs in again, however busy: a long shift."""
SESSION_COOKIE_HTTPONLY = True
EHR_FRAME_ANCESTORS = env.origins("EHR_FRAME_ANCESTORS")
"""Origins of hospital systems whose pages may show the clinicians' pages in a frame; by default none."""
# In a frame of another site a browser sends only such cookies, and takes them over TLS alone.
SESSION_COOKIE_SAMESITE = "None" if EHR_FRAME_ANCESTORS and HTTPS_ONLY else "Lax"
SESSION_COOKIE_SECURE = HTTPS_ONLY
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked by the machine itself, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS_ONLY else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_TLS_PROXY", False) else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "UNAUTHENTICATED_USER": None,
}
# SMART on FHIR: tokens, apps that people allow, and this product as an app inside a hospital system.
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"  # named because tables of ours point at them
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth2_provider.AccessToken"  # noqa: S105 - a model, no password
OAUTH2_PROVIDER = {
    "SCOPES": {"system/*.rs": "Read and search every resource type"},  # what there is says integrations.smart.scopes
    "OAUTH2_VALIDATOR_CLASS": "integrations.smart.validator.SmartValidator",
    "OAUTH2_BACKEND_CLASS": "integrations.smart.bridge.Core",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 300,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 90 * 24 * 3600,  # after the last use
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # digests alone
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "OIDC_ENABLED": True,
    "ID_TOKEN_EXPIRE_SECONDS": 300,
    "OIDC_RSA_PRIVATE_KEY": env.generated_key("SMART_SIGNING_KEY", VAR_DIR / "smart_signing_key.pem"),
}
SMART_PRIVATE_ADDRESSES = env.flag("SMART_PRIVATE_ADDRESSES", False)
"""Fetch key sets of clients by http and from private addresses too: for laboratories and tests only."""
SMART_EHRS = env.ehrs("SMART_EHRS")
"""Hospital systems that start this product as a SMART app: a JSON list of {"issuer", "client_id", "source"}."""

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "filesystem://")
CELERY_TASK_DEFAULT_QUEUE = env.text("CELERY_QUEUE", "celery")
"""Name of the queue: sites that share a broker need different ones."""
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
if CELERY_BROKER_URL.startswith("filesystem:"):
    for _name in ("queue", "control"):
        (VAR_DIR / "broker" / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "broker" / "queue"),
        "data_folder_out": str(VAR_DIR / "broker" / "queue"),
        "control_folder": str(VAR_DIR / "broker" / "control"),
        "polling_interval": 0.1,
    }
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat_schedule")

JOB_LEASE_SECONDS = env.integer("JOB_LEASE_SECONDS", 120, low=2, high=3600)
"""How long a worker may be silent about a job before the sweep gives the job to another."""
SWEEP_SECONDS = env.integer("SWEEP_SECONDS", 15, low=1, high=3600)
EXPORT_HOURS = env.integer("EXPORT_HOURS", 24, low=1, high=720)
"""How long the files of a bulk export can be fetched."""
BREAK_GLASS_MINUTES = env.integer("BREAK_GLASS_MINUTES", 60, low=5, high=720)
"""How long an emergency access lasts."""
FORMULARY_DIR = env.folder("FORMULARY_DIR")
"""A directory of the hospital's own models as TOML files (docs/hospital_models.md); empty: none."""
HIGH_ALERT_DRUGS = frozenset(name.lower() for name in env.words("HIGH_ALERT_DRUGS", ""))
"""Drugs whose plans need a second signature, besides those that the formulary marks as high-alert medications."""
PULL_SOURCE_URL = env.text("PULL_SOURCE_URL", "")
PULL_SOURCE_NAME = env.text("PULL_SOURCE_NAME", "")
"""Short name of that source, which care teams list; by default made from its address."""
PULL_TOKEN = env.text("PULL_TOKEN", "")
"""Bearer token of every pull that is given no token file; empty for none."""
PULL_SECONDS = env.integer("PULL_SECONDS", 60, low=5, high=86400)
CDS_CLIENTS = env.objects("CDS_CLIENTS")
"""CDS Hooks clients that are answered, a JSON list of objects: `issuer`, `fhir_server`, `jwks` or `jwks_url`, and
optionally `tenant` and `name` (integrations/cds_hooks/trust.py)."""
CDS_CORS_ORIGINS = env.words("CDS_CORS_ORIGINS", "")
"""Origins of browser-based CDS clients; empty: none."""
CDS_ALLOW_HTTP = env.flag("CDS_ALLOW_HTTP", False)
"""For laboratories: FHIR servers and key sets of CDS clients may be named by http addresses."""
EHR_SOURCES = {
    name: env.group(
        f"EHR_{name.upper().replace('-', '_')}",
        ("URL", "TOKEN", "CLIENT_ID", "CLIENT_KEY", "KEY_ID", "TOKEN_URL", "SCOPE", "FILE_HOSTS"),
    )
    for name in env.words("EHR_SOURCES", "")
}
"""Hospital systems by short name: address, and a fixed token or what SMART Backend Services ask for.

``EHR_SOURCES=lab,main-ehr`` reads ``EHR_LAB_URL``, ``EHR_MAIN_EHR_CLIENT_KEY_FILE`` and so on. `FILE_HOSTS` are hosts
besides the server's own that files of a bulk export may be fetched from, without the token.
"""
PUBLIC_URL = env.text("PUBLIC_URL", "").rstrip("/")
"""Address under which others reach this site, for notifications of subscriptions and links in e-mails; empty: none."""
if EMAIL_HOST and not PUBLIC_URL:
    raise ImproperlyConfigured("EMAIL_HOST is set and PUBLIC_URL is not; set it: links in e-mails lead there")
COMPARISON_NOTE = "clinic.comparisons.decided_note.note_of"
"""The function that writes a comparison as the plain-text note, which also goes into the chart."""
RECEIVED_RESOURCE = "integrations.readings.received.received"
"""The function that finds a record's resource as it was received, for the page of the record."""
DEVICE_FAULTS = "integrations.fhir.device_faults.device_faults"
"""The function that finds what is on record against devices, for the worklist."""
UNUSED_RECORDS = "integrations.readings.unused.unused"
"""The function that finds what was received of patients and could not be read, for the pages of clinicians."""
SUBSCRIPTION_SECONDS = env.integer("SUBSCRIPTION_SECONDS", 5, low=1, high=3600)
"""How often beat looks for notifications that are due: further tries, heartbeats, and what a dead worker left."""
SUBSCRIPTION_TRIES = env.integer("SUBSCRIPTION_TRIES", 20, low=1, high=100)
"""After how many tries a notification is given up; twenty take one and a half to three hours."""
SUBSCRIPTION_PRIVATE_ADDRESSES = env.flag("SUBSCRIPTION_PRIVATE_ADDRESSES", False)
"""Send notifications by http and to private addresses too: for laboratories and tests only."""
AUDIT_SIGNING_KEY = env.generated_key("AUDIT_SIGNING_KEY", VAR_DIR / "audit_signing_key.pem", "ed25519")
"""Ed25519 private key (PEM) that signs checkpoints of the audit chain; every process of a site needs the same."""
AUDIT_RETIRED_KEYS = env.text("AUDIT_RETIRED_KEYS", "")
"""Public keys (PEM, one after another) that signed checkpoints before."""
AUDIT_CHECKPOINT_FILE = env.text("AUDIT_CHECKPOINT_FILE", "")
"""Where each checkpoint is appended as a line of JSON, best on another machine's disk; empty: nowhere."""
AUDIT_CHECKPOINT_LOG = env.flag("AUDIT_CHECKPOINT_LOG", False)
"""Whether each checkpoint is a line on the standard output too, for a log that is collected elsewhere."""
AUDIT_CHECKPOINT_EVENTS = env.integer("AUDIT_CHECKPOINT_EVENTS", 1000, low=1, high=1_000_000)
AUDIT_CHECKPOINT_MINUTES = env.integer("AUDIT_CHECKPOINT_MINUTES", 15, low=1, high=1440)
"""A checkpoint is due after that many events, or after that many minutes in which there was an event."""
AUDIT_RETENTION_DAYS = env.integer("AUDIT_RETENTION_DAYS", 2192, low=1, high=36500)
"""How long an event is kept before ``audit_prune`` may remove it; six years, as 45 CFR 164.316(b)(2)(i) asks."""
CELERY_BEAT_SCHEDULE = {
    # A message that waited longer than its interval is dropped: the next one is on its way.
    "sweep": {
        "task": "twins.jobs.sweep.run",
        "schedule": float(SWEEP_SECONDS),
        "options": {"expires": 2 * SWEEP_SECONDS},
    },
    "ehr-sweep": {
        "task": "integrations.ehr.tasks.sweep",
        "schedule": float(SWEEP_SECONDS),
        "options": {"expires": 2 * SWEEP_SECONDS},
    },
    "glass-alerts": {
        "task": "clinic.access.tasks.sweep",
        "schedule": float(SWEEP_SECONDS),
        "options": {"expires": 2 * SWEEP_SECONDS},
    },
    "sweep-exports": {
        "task": "integrations.fhir.bulk.tasks.sweep",
        "schedule": float(SWEEP_SECONDS),
        "options": {"expires": 2 * SWEEP_SECONDS},
    },
    "subscriptions": {
        "task": "integrations.fhir.subscriptions.tasks.sweep",
        "schedule": float(SUBSCRIPTION_SECONDS),
        "options": {"expires": 2 * SUBSCRIPTION_SECONDS},
    },
    "audit-checkpoint": {"task": "clinic.audit.tasks.checkpoint", "schedule": 30.0, "options": {"expires": 60}},
    "audit-verify": {"task": "clinic.audit.tasks.verify_onwards", "schedule": 3600.0, "options": {"expires": 3600}},
    "housekeeping": {"task": "clinic.site.tasks.housekeeping", "schedule": 24 * 3600.0},
    "pull-set": {
        "task": "integrations.ehr.tasks.pull_set",
        "schedule": float(PULL_SECONDS),
        "options": {"expires": PULL_SECONDS},
    },
}
if PULL_SOURCE_URL:
    CELERY_BEAT_SCHEDULE["pull"] = {
        "task": "integrations.ehr.tasks.pull_source",
        "schedule": float(PULL_SECONDS),
        "options": {"expires": PULL_SECONDS},
    }
for _name, _source in EHR_SOURCES.items():
    if _source["url"]:
        CELERY_BEAT_SCHEDULE[f"pull-{_name}"] = {
            "task": "integrations.ehr.tasks.pull_named",
            "args": (_name,),
            "schedule": float(PULL_SECONDS),
            "options": {"expires": PULL_SECONDS},
        }

TWIN_MODELS = {
    "vancomycin": ["vancomycin-goti-2018", "vancomycin-thomson-2009"],
    "gentamicin": ["gentamicin-xuan-2004-adult"],
    "tobramycin": ["tobramycin-hennig-2013"],
    "amikacin": ["amikacin-delattre-2010"],
    "meropenem": ["meropenem-li-2006"],
    "piperacillin": ["piperacillin-kim-2016"],
    "cefepime": ["cefepime-an-2023"],
    "voriconazole": ["voriconazole-friberg-2012"],
    "tacrolimus": ["tacrolimus-andrews-2019"],
    "digoxin": ["digoxin-yukawa-2001"],
    "phenobarbital": ["phenobarbital-grasela-1985"],
}
"""What a new site begins with, until an administrator chooses: of each drug that is followed the models, the one that
makes the comparisons first. Read it through `twins.records.followed`, which knows what was chosen since."""
DRUG_CODES = "integrations.codes.drugs.DRUGS"
"""Which codes name which drug at the doors: a drug without one comes in nowhere."""
POSTERIOR_DRAWS = 1000
WARM_AT_START = env.flag("WARM_AT_START", True)
"""Whether a web process loads pages and kernels in the background as it starts; else each at its first use."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "bare": {"format": "%(message)s"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "stdout": {"class": "logging.StreamHandler", "formatter": "bare", "stream": "ext://sys.stdout"},
    },
    "loggers": {
        "clinic.audit.checkpoints": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
        "weasyprint": {"level": "ERROR"},  # it warns of each rule of the stylesheet that is for screens alone
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING")},
}
