"""The least that a Flask service can do with a request: read its body."""

from flask import Flask, Response, request

app = Flask(__name__)


@app.get("/readyz")
def ready() -> Response:
    return Response("ready")


@app.post("/")
def read() -> Response:
    return Response(str(len(request.get_data(cache=False))))
