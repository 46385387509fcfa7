# The portal's image: the web server, the worker and every manage.py command.
#   docker build --build-arg VERSION=0.1.0 --tag espace-citoyens .

FROM python:3.13-slim-bookworm AS build
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.txt ./
# Into a folder of its own: nothing of what installs goes any further.
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install --require-hashes --only-binary :all: \
        --requirement requirements.txt
COPY . .
# Collected and compressed here, once; the key serves this command and is nowhere in the image.
RUN SECRET_KEY=build-only-0123456789abcdefghijklmnopqrstuvwxyz /venv/bin/python manage.py \
        collectstatic --no-input --verbosity 0 \
    && /venv/bin/python -m compileall -q accounts espace_citoyens franceconnect /venv/lib

FROM python:3.13-slim-bookworm
ARG VERSION=dev
LABEL org.opencontainers.image.title="Espace Citoyens" \
      org.opencontainers.image.description="Le portail citoyen libre d’une ville, avec FranceConnect." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION"
RUN python -m pip uninstall --yes --quiet pip \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal \
    && install -d -o 10001 -g 10001 -m 700 /sauvegardes
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "espace_citoyens.probe"]
CMD ["gunicorn"]
