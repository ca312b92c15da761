"""Prove that the service keeps nothing to itself: any process may take any call, and any may die.

    python -m tests.cluster

Starts PostgreSQL, two processes of the service in the production profile, and nginx with the configuration of
``deploy/nginx``, on loopback. Exits with 0 when every proof holds, with 1 when one does not, with 2 when a program is not
installed.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import requests

from cds_service.hooks.auth import PROXY_ID
from tests.cluster.client import FEEDBACK, VIEW, Client, overridden, self_made, view
from tests.cluster.processes import Missing, Nginx, PostgreSQL, Service, free_port, programs, wait_for

PATIENT = "denosumab-due"
"""A fixture with cards that may be overridden."""
ALL_WELL = "200"


class Cluster(NamedTuple):
    database: PostgreSQL
    a: Service
    b: Service
    proxy: Nginx
    client: Client


def start(folder: Path, stack: ExitStack) -> Cluster:
    """Everything, up and ready; the stack stops it in reverse order."""
    nginx, postgresql = programs()
    folder.chmod(0o711)
    database = PostgreSQL(folder, postgresql)
    stack.callback(database.stop, signal.SIGINT)  # "fast": ends sessions that are still open
    database.start()
    port = free_port()
    public = f"https://localhost:{port}"
    client = Client(folder / "client", public)
    settings = {
        "CDS_PROFILE": "production",
        "CDS_PUBLIC_URL": public,
        "CDS_CLIENTS": str(client.file),
        "CDS_HASH_KEY": secrets.token_hex(16),
        "CDS_DATABASE_URL": database.url,
        "CDS_PROXIES": "127.0.0.1",
    }
    a, b = (Service(name, folder, **settings) for name in ("A", "B"))
    for service in (a, b):
        stack.callback(service.stop)
        service.start()
    for service in (a, b):
        service.wait()
    proxy = Nginx(folder, nginx, self_made("localhost"), port, [a.address, b.address])
    stack.callback(proxy.stop)
    proxy.start()
    client.certificate = proxy.certificate
    return Cluster(database, a, b, proxy, client)


def calls_are_spread(cluster: Cluster) -> str:
    """Both processes get their share."""
    before = [service.counted("cds_requests_total") for service in (cluster.a, cluster.b)]
    body = view(PATIENT)
    told = cluster.client.many(200, 4, lambda: cluster.client.status(cluster.proxy.url, VIEW, body))
    after = [service.counted("cds_requests_total") for service in (cluster.a, cluster.b)]
    taken = [now - then for now, then in zip(after, before, strict=True)]
    assert told == {ALL_WELL: 200}, dict(told)
    assert sum(taken) == 200, taken
    assert min(taken) >= 80, taken
    return f"200 calls, {taken[0]} to A and {taken[1]} to B"


def feedback_lands_in_one_database(cluster: Cluster) -> str:
    """Whichever process takes it, also when it comes twice."""
    query = "SELECT count(*) FROM feedback"
    before = cluster.database.number(query)
    given = [overridden(str(uuid4())) for _ in range(20)]
    again = iter(given * 2)
    told = cluster.client.many(40, 4, lambda: cluster.client.status(cluster.proxy.url, FEEDBACK, next(again)))
    taken = [service.counted("cds_feedback_total") for service in (cluster.a, cluster.b)]
    stored = cluster.database.number(query) - before
    assert told == {ALL_WELL: 40}, dict(told)
    assert stored == sum(taken) == 20, (stored, taken)
    assert min(taken) > 0, taken
    return f"20 reports, each sent twice: {stored} rows, {taken[0]} by way of A and {taken[1]} of B"


def a_replayed_token_is_refused(cluster: Cluster) -> str:
    """By the other process, by nginx's way too, also if the replayer claims to be the proxy's second try."""
    a, b, proxy = cluster.a.url, cluster.b.url, cluster.proxy.url
    body = view(PATIENT)

    def call(base: str, token: str, **headers: str) -> str:
        return cluster.client.status(base, VIEW, body, token, **headers)

    token, other = (cluster.client.token(VIEW) for _ in range(2))
    direct = [call(base, token) for base in (a, b, a, proxy)]
    forged = [call(base, other, **{PROXY_ID: "f" * 32}) for base in (proxy, proxy, a, b)]
    assert direct == [ALL_WELL, "401", "401", "401"], direct
    assert forged == [ALL_WELL, "401", "401", "401"], forged
    return "used on A: 401 on B, on A and through nginx; a forged proxy id does not help"


def an_override_silences_everywhere(cluster: Cluster) -> str:
    """What a practitioner set aside by way of A is not shown by B."""
    body = view(PATIENT)

    def cards(service: Service) -> dict[str, dict[str, object]]:
        told = cluster.client.post(service.url, VIEW, body).json()["cards"]
        return {card["source"]["topic"]["code"]: card for card in told}

    shown = cards(cluster.a)
    code, card = next((code, card) for code, card in shown.items() if card["indicator"] != "critical")
    assert code in cards(cluster.b), "B does not show what A shows"
    report = overridden(str(card["uuid"]), **card["overrideReasons"][0])  # type: ignore[index]
    assert cluster.client.status(cluster.a.url, FEEDBACK, report) == ALL_WELL
    began = time.monotonic()
    # Each process looks up what was set aside once a second: either may be the first to know.
    for service in (cluster.b, cluster.a):
        wait_for(lambda at=service: code not in cards(at), f"{code} is silent on {service.name}")  # type: ignore[misc]
    took = time.monotonic() - began
    left = [set(cards(service)) for service in (cluster.a, cluster.b)]
    assert left == [set(shown) - {code}] * 2, left
    return f"{code} overridden on A: gone from both after {took:.1f} s, {len(shown) - 1} others stay"


def a_killed_process_costs_no_call(cluster: Cluster) -> str:
    """SIGKILL under load, while feedback is under way whose tokens are used up: nginx sends it to the other process."""
    client, proxy, held = cluster.client, cluster.proxy.url, 8
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'feedback'::regclass"
    given = [overridden(str(uuid4())) for _ in range(held)]
    broken_off = len(cluster.proxy.second_tries())
    with client.load(proxy, 6, view(PATIENT)) as told, ThreadPoolExecutor(held) as pool:
        time.sleep(1.5)
        with cluster.database.connect() as connection:  # what writes feedback now waits here, after its token was taken
            connection.execute("LOCK TABLE feedback IN SHARE MODE")
            reported = [pool.submit(client.status, proxy, FEEDBACK, each) for each in given]
            wait_for(lambda: cluster.database.number(waiting) >= held, "feedback waits for the database")
            before = sum(told.values())
            cluster.a.kill()
        answers = [each.result() for each in reported]
        time.sleep(2)
        after = sum(told.values()) - before
    tried = cluster.proxy.second_tries()[broken_off:]
    pinned = sum(FEEDBACK in line for line in tried)
    cards = ", ".join(f"'{each['feedback'][0]['card']}'" for each in given)
    stored = cluster.database.number(f"SELECT count(*) FROM feedback WHERE card IN ({cards})")  # noqa: S608  uuids of ours
    assert set(told) == {ALL_WELL}, dict(told)
    assert answers == [ALL_WELL] * held, answers
    assert stored == held, stored
    assert pinned, "no call was under way on A with its token taken: nothing is proved"
    assert after > 20, after
    return (
        f"A killed: {sum(told.values())} calls under load and {held} reports, none failed; {len(tried)} broke off on A and B "
        f"answered, {pinned} of them with a token that A had taken"
    )


def a_process_that_comes_back_is_used_again(cluster: Cluster) -> str:
    """Without a word to nginx."""
    cluster.a.start()
    cluster.a.wait()
    began = time.monotonic()
    body = view(PATIENT)

    def taken() -> bool:
        assert cluster.client.status(cluster.proxy.url, VIEW, body) == ALL_WELL
        return cluster.a.counted("cds_requests_total") > 0

    wait_for(taken, "A gets calls again")
    return f"A started anew: gets calls {time.monotonic() - began:.1f} s after it was ready"


PROOFS: tuple[Callable[[Cluster], str], ...] = (
    calls_are_spread,
    feedback_lands_in_one_database,
    a_replayed_token_is_refused,
    an_override_silences_everywhere,
    a_killed_process_costs_no_call,
    a_process_that_comes_back_is_used_again,
)


def main() -> int:
    """Start, prove, stop; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then too
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cds-cluster-") as folder, ExitStack() as stack:
        try:
            cluster = start(Path(folder), stack)
            print(f"{versions(cluster)}, A and B are up after {time.monotonic() - began:.1f} s", flush=True)
            broken = list(filter(None, [fails(proof, cluster) for proof in PROOFS]))
        except Missing as missing:
            print(f"cluster-test: {missing}", file=sys.stderr)
            return 2
        except RuntimeError as error:
            broken = [f"does not start: {error}"]
        if broken:
            show_logs(Path(folder))
    print(*broken, sep="\n", flush=True)  # once more, below the logs: what a report of a failure is cut down to
    print(f"cluster-test: {len(PROOFS) - len(broken)} of {len(PROOFS)} proofs hold, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


def fails(proof: Callable[[Cluster], str], cluster: Cluster) -> str:
    """What a proof that does not hold says; "" for one that does."""
    name = proof.__name__.replace("_", " ")
    try:
        print(f"holds   {name}: {proof(cluster)}", flush=True)
    except (AssertionError, RuntimeError, requests.RequestException) as error:
        said = f"BROKEN  {name}: {error}"
        print(said, flush=True)
        return said
    return ""


def versions(cluster: Cluster) -> str:
    nginx = subprocess.run([programs()[0], "-v"], capture_output=True, text=True, check=True).stderr
    number = cluster.database.number("SELECT current_setting('server_version_num')::int / 10000")
    return f"PostgreSQL {number}, nginx {nginx.strip().partition('/')[2]}"


def show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*.log")):
        print(f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-15:], sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
