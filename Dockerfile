# The page for a server of one's own, which needs no internet access to run; docs/deploying.md says how.
FROM python:3.11-slim

# Python writes no caches, and whatever wants a home finds the only place that can be written to.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp \
    GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860

WORKDIR /app
# Before the code, so that a change of the code does not install anything anew.
COPY locks/serving.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r serving.txt

COPY app.py LICENSE ./
COPY demo demo
COPY pneumonia pneumonia
COPY weights weights
# What the page says of shortcuts.
COPY docs/studies/shortcuts.json docs/studies/

USER nobody
EXPOSE 7860
# Asks this machine itself, past any proxy that the environment names.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-c", "import http.client, os, sys; page = http.client.HTTPConnection('127.0.0.1', int(os.environ['GRADIO_SERVER_PORT']), timeout=8); page.request('GET', '/health'); sys.exit(page.getresponse().status != 200)"]
CMD ["python", "app.py"]
