# One image, three uses: web, worker and beat (see compose.yaml).
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    VAR_DIR=/var/lib/patient-twin NUMBA_CACHE_DIR=/opt/patient-twin/kernels

WORKDIR /opt/patient-twin
# Pango lays out the PDF of a comparison.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt -c constraints.txt

COPY manage.py ./
COPY clinic clinic
COPY integrations integrations
COPY twins twins

# Byte code of our own modules, as pip has made that of theirs: the user below may not write here.
RUN python -m compileall -q clinic integrations twins

RUN useradd --system --create-home --uid 10001 twin \
    && mkdir -p /var/lib/patient-twin kernels \
    && chown -R twin /var/lib/patient-twin kernels
USER twin

# Compiled once here, so that no first patient waits for it; on another kind of processor it is compiled anew.
RUN python manage.py warm

EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "clinic.site.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
