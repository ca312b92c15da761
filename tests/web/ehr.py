"""An EHR to launch from: an OAuth 2 and OpenID Connect server (Authlib) with a FHIR server behind it, on one loopback port. It
does what it should, or one thing wrong."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

Json = dict[str, Any]
CLIENT_ID = "osteoporosis-screen"
USER = "Practitioner/secret-user-7"
ENCOUNTER = "secret-encounter-1"


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    auth_time: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> float:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class App(ClientMixin):  # type: ignore[misc]
    """The SMART app as the EHR registered it: public, one address to come back to."""

    client_id = CLIENT_ID

    def __init__(self, ehr: Ehr) -> None:
        self._ehr = ehr

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self._ehr.redirect

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self._ehr.redirect

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "none"

    def check_client_secret(self, client_secret: str) -> bool:
        return False

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    def get_allowed_scope(self, scope: str) -> str:
        withheld = self._ehr.withheld
        return " ".join(each for each in scope.split() if each.removeprefix("patient/").partition(".")[0] not in withheld)


class Ehr:
    """``resources``: the record; ``behind``: the base and token of a FHIR server that has it instead. ``wrong``: what it does
    wrong, by name. ``withheld``: scopes that it does not grant, types by their name. ``secrets``: everything that it handed
    out, which no log may hold."""

    def __init__(self) -> None:
        self.base = self.redirect = ""
        self.resources: list[Json] = []
        self.wrong: dict[str, Any] = {}
        self.withheld: set[str] = set()
        self.user = USER
        self.behind: tuple[str, str] | None = None
        self.extra: Json = {}
        self.secrets: set[str] = set()
        self.asked: list[str] = []
        self.codes: dict[str, Code] = {}
        self.tokens: set[str] = set()
        self.key = RSAKey.generate_key(2048, {"kid": "ehr-1", "use": "sig", "alg": "RS256"})
        self.app = _application(self)

    @property
    def fhir(self) -> str:
        return f"{self.base}/fhir"

    @property
    def patient(self) -> Json:
        return next(each for each in self.resources if each["resourceType"] == "Patient")

    def passed_on(self, what: str, query: str) -> Response:
        """What the FHIR server behind this one answers, with its addresses as those of this one."""
        assert self.behind is not None
        base, token = self.behind
        answer = requests.get(
            f"{base}/{what}?{query}".removesuffix("?"), headers={"Authorization": f"Bearer {token}"}, timeout=20
        )
        return Response(answer.text.replace(base, self.fhir), answer.status_code, content_type="application/fhir+json")

    def behave(self) -> None:
        """Do nothing wrong any more."""
        self.wrong, self.withheld, self.user, self.extra = {}, set(), USER, {}
        self.asked.clear()


def _application(ehr: Ehr) -> Flask:
    app = Flask("ehr")

    class Granting(grants.AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012

        def save_authorization_code(self, code: str, request: Any) -> None:
            told = request.payload.data
            scope = request.client.get_allowed_scope(request.payload.scope)
            ehr.codes[code] = Code(
                code,
                told["redirect_uri"],
                scope,
                ehr.wrong.get("nonce", told["nonce"]),
                told["code_challenge"],
                told["code_challenge_method"],
            )
            ehr.secrets.add(code)

        def query_authorization_code(self, code: str, client: Any) -> Code | None:
            return ehr.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del ehr.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> str:
            return ehr.user

    class Identity(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def get_client_algorithm(self, client: Any) -> str:
            return "RS256"

        def resolve_client_private_key(self, client: Any) -> Any:
            return ehr.key

        def get_encode_header(self, client: Any) -> Json:
            return {"alg": "RS256", "kid": ehr.wrong.get("kid", "ehr-1"), "typ": "JWT"}

        def get_compatible_claims(self, request: Any) -> Json:
            now = int(time.time())
            claims = {"iss": ehr.wrong.get("issuer", ehr.base), "aud": [ehr.wrong.get("audience", CLIENT_ID)]}
            return claims | {"iat": now - 60, "exp": now + ehr.wrong.get("life", 3600)}

        def generate_user_info(self, user: str, scope: str) -> Any:
            return UserInfo(sub="secret-subject", fhirUser=f"{ehr.fhir}/{user}")

    def known(client_id: str) -> App | None:
        return App(ehr) if client_id == CLIENT_ID else None

    def save(token: Json, request: Any) -> None:
        ehr.tokens.add(token["access_token"])

    server = AuthorizationServer(app, query_client=known, save_token=save)
    server.register_grant(Granting, [CodeChallenge(required=True), Identity(require_nonce=True)])

    @app.get("/authorize")
    def authorize() -> Any:
        """Nobody is asked: who sits here has signed in and agrees. Or not."""
        asked = dict(request.args)
        ehr.secrets |= {asked["state"], asked["nonce"], asked["code_challenge"]}
        if asked["aud"] != ehr.fhir or "denied" in ehr.wrong:
            return Response(status=302, headers={"Location": f"{ehr.redirect}?error=access_denied&state={asked['state']}"})
        answer = server.create_authorization_response(grant_user=ehr.user)
        if "state" in ehr.wrong:
            answer.headers["Location"] = answer.headers["Location"].replace(asked["state"], ehr.wrong["state"])
        return answer

    @app.post("/token")
    def token() -> Any:
        answer = server.create_token_response()
        if answer.status_code != 200:
            return answer
        told = json.loads(answer.get_data()) | {"encounter": ENCOUNTER} | ehr.extra
        if "no-patient" not in ehr.wrong:
            told["patient"] = ehr.patient["id"]
        if "tampered" in ehr.wrong:
            head, claims, signature = told["id_token"].split(".")
            told["id_token"] = ".".join((head, claims, signature[::-1]))
        ehr.secrets |= {told["access_token"], *told.get("id_token", "").split(".")} - {""}
        return jsonify(told)

    @app.get("/jwks")
    def jwks() -> Any:
        return jsonify({"keys": [ehr.key.as_dict(private=False)]})

    @app.get("/fhir/.well-known/smart-configuration")
    def configuration() -> Any:
        told = {
            "issuer": ehr.base,
            "authorization_endpoint": f"{ehr.base}/authorize",
            "token_endpoint": ehr.wrong.get("token-endpoint", f"{ehr.base}/token"),
            "capabilities": ["launch-ehr", "launch-standalone", "client-public", "permission-v2"],
            "code_challenge_methods_supported": ehr.wrong.get("challenges", ["S256"]),
        }
        return jsonify(told)

    @app.get("/fhir/<path:what>")
    def fhir(what: str) -> Any:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if given not in ehr.tokens:
            return jsonify({"resourceType": "OperationOutcome"}), 401
        ehr.asked.append(request.environ["REQUEST_URI"])  # as it came
        if ehr.behind:
            return ehr.passed_on(what, request.query_string.decode())
        kind, _, ident = what.partition("/")
        if kind in ehr.wrong.get("broken", ()):
            return jsonify({"resourceType": "OperationOutcome"}), 500
        if ident:
            found = [each for each in ehr.resources if (each["resourceType"], each["id"]) == (kind, ident)]
            return (jsonify(found[0]), 200) if found else (jsonify({"resourceType": "OperationOutcome"}), 404)
        return jsonify(_searchset(ehr, kind, request.full_path))

    @app.after_request
    def cors(answer: Response) -> Response:
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept"
        return answer

    return app


PAGE = 20


def _searchset(ehr: Ehr, kind: str, path: str) -> Json:
    """A page of what a search finds: by type, and of observations by code."""
    asked = parse_qs(urlsplit(path).query)
    codes = {each for part in asked.get("code", []) for each in part.split(",")}
    found = [each for each in ehr.resources if each["resourceType"] == kind and (not codes or codes & _codings(each))]
    start = int(asked.get("start", ["0"])[0])
    page: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
    page["entry"] = [{"resource": each, "search": {"mode": "match"}} for each in found[start : start + PAGE]]
    if start + PAGE < len(found):
        again = path.partition("&start=")[0].removeprefix("/fhir/")
        page["link"] = [{"relation": "next", "url": f"{ehr.fhir}/{again}&start={start + PAGE}"}]
    return page


def _codings(resource: Json) -> set[str]:
    return {f"{each.get('system')}|{each.get('code')}" for each in resource.get("code", {}).get("coding", [])}


class _Silent(WSGIRequestHandler):
    def log_request(self, *args: Any) -> None:
        """What is asked here is not what is tested."""


@contextmanager
def running() -> Iterator[Ehr]:
    ehr = Ehr()
    server = make_server("127.0.0.1", 0, ehr.app, threaded=True, request_handler=_Silent)
    ehr.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield ehr
    finally:
        server.shutdown()
        thread.join(5)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
