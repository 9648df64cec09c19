"""P1 and P2: a warm sync of 60 appointments beside the bare minimum, and its round trips."""

from urllib.parse import quote

from idexx_sync.jobs import wiring
from tests.bench.bare_sync import Recorded, Rewind, bare_sync, connect, recording
from tests.bench.figure import Figure, counted, difference, interleaved, ratio, seconds_of
from tests.bench.rig import L0, L1, Profile, Rig, Service
from tests.kit.proxy import counting_proxy

APPOINTMENTS = 60
ROWS = (10, APPOINTMENTS, 1000)
MORE = 5
"""Runs of some 20 ms need more repetitions than those of half a second."""
APART_S = 0.01
"""So far away that a pipelined batch always arrives whole: only true waits are counted."""
AGAINST = "a bare script with the same request and the same SQL, in the same warm process"
HOW = f"counted with {', '.join(map(str, ROWS))} appointments; a pipelined flush is one"


def measure_overhead(rig: Rig, repetitions: int) -> list[Figure]:
    """P1."""
    return [
        *_overhead(rig, L1, repetitions, goal=1.15, suffix=""),
        *_overhead(rig, L0, repetitions * MORE, goal=1.5, suffix=".L0"),
    ]


def _overhead(
    rig: Rig, profile: Profile, repetitions: int, goal: float, suffix: str
) -> list[Figure]:
    with rig.service(profile, APPOINTMENTS) as service:
        recorded = recorded_run(service)
        rewind = Rewind(service.conn, service.clinic.clinic_id)
        with connect(service.database_url) as conn:

            def ours() -> float:
                return seconds_of(service.run)

            def bare() -> float:
                rewind()
                seconds = seconds_of(lambda: bare_sync(conn, recorded))
                assert rewind.has_run()
                return seconds

            runs, scripts = interleaved(repetitions, ours, bare)
    what = f"warm sync of {APPOINTMENTS} appointments, {profile.name}"
    return [
        Figure(
            id=f"P1{suffix}",
            what=f"{what} / bare script",
            measured=ratio(runs, scripts),
            goal=goal,
            unit="ratio",
            against=AGAINST,
            repetitions=repetitions,
        ),
        Figure(
            id=f"P1.overhead{suffix}",
            what=f"{what}: own overhead",
            measured=difference(runs, scripts).times(1000),
            goal=25,
            unit="ms",
            against=AGAINST,
            repetitions=repetitions,
        ),
    ]


def recorded_run(service: Service) -> Recorded:
    """One warm run listened to."""
    service.run()
    neo = service.clinic.neo
    neo.clear_requests()
    with recording(wiring.process_dependencies().database.connection()) as recorded:
        service.run()
    (request,) = neo.requests()
    recorded.url = f"{neo.base_url}{request['path']}?{quote(request['query'], safe='=&')}"
    cookies = "; ".join(f"{name}={value}" for name, value in neo.open_session().items())
    recorded.headers = {
        "Accept": "application/json",
        "X-Requested-With": "XMLHttpRequest",
        "Cookie": cookies,
    }
    return recorded


def count_round_trips(rig: Rig, _repetitions: int) -> list[Figure]:
    """P2: a proxy counts before Postgres, Neo's requests are in its own log."""
    postgres, neo = [], []
    for appointments in ROWS:
        with (
            rig.service(L0, appointments) as service,
            counting_proxy(service.database_url, APART_S) as (proxy, url),
            service.through(url),
        ):
            service.run()  # opens the connection
            service.clinic.neo.clear_requests()
            proxy.reset()
            service.run()
            postgres.append(proxy.round_trips + proxy.connections)
            neo.append(len(service.clinic.neo.requests()))
    return [
        Figure(
            id=id_,
            what=f"{what} of a warm, unchanged run",
            measured=counted(found),
            goal=goal,
            unit="count",
            against=HOW,
            repetitions=len(ROWS),
        )
        for id_, what, found, goal in (
            ("P2", "round trips to Postgres", postgres, 6),
            ("P2.neo", "requests to Neo", neo, 1),
        )
    ]
