"""What a stage may have besides, and which values make sense. Plain values, as in `stages`."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

ACCOUNT: Final = re.compile(r"\d{12}")
REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
HOST: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
BASE_PATH: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEY: Final = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key/[A-Za-z0-9-]+")
CERTIFICATE: Final = re.compile(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate/[a-f0-9-]+")
MOST_ZONES: Final = 3
PREFIXES: Final = range(16, 25)
"""Of a network that has room for a function's interfaces, and that AWS takes."""
FEWEST_REQUESTS: Final = 10
MOST_REQUESTS: Final = 2_000_000_000
"""Between which AWS counts requests of an address."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network of the stack's own, by which its functions have addresses that stay."""

    cidr: str = "10.60.0.0/20"
    zones: int = 2
    gateways: int = 1
    """Ways out, each with an address of its own and paid by the hour; with one of them fewer than
    zones, a zone that fails may take the way of the others with it."""

    def __post_init__(self) -> None:
        _refuse_unless(IPv4Network(self.cidr).prefixlen in PREFIXES, "network", self.cidr)
        _refuse_unless(IPv4Network(self.cidr).is_private, "network", self.cidr)
        _refuse_unless(self.zones in range(2, MOST_ZONES + 1), "network's zones", self.zones)
        _refuse_unless(1 <= self.gateways <= self.zones, "network's gateways", self.gateways)


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A name of ODIS's for the API. Its certificate is in the stage's region; the record in DNS,
    made by who has the zone, leads to the stack's output `DomainTarget`."""

    name: str
    certificate_arn: str
    base_path: str | None = None
    """Below which the API is; None: it has the whole name."""

    def __post_init__(self) -> None:
        _refuse_unless(HOST.fullmatch(self.name), "domain", self.name)
        _refuse_unless(
            CERTIFICATE.fullmatch(self.certificate_arn), "certificate", self.certificate_arn
        )
        if self.base_path is not None:
            _refuse_unless(BASE_PATH.fullmatch(self.base_path), "base path", self.base_path)


def check_place(account: str | None, region: str | None, *arns: str | None) -> None:
    """Raises ValueError unless both are named or neither is, and what the ARNs name is there."""
    _refuse_unless((account is None) == (region is None), "account and region", (account, region))
    if account is not None:
        _refuse_unless(ACCOUNT.fullmatch(account), "account", account)
    if region is not None:
        _refuse_unless(REGION.fullmatch(region), "region", region)
    for arn in arns:
        if arn is None:
            continue
        named = KEY.fullmatch(arn) or CERTIFICATE.fullmatch(arn)
        _refuse_unless(named, "key", arn)
        assert named is not None
        _refuse_unless(region is None or named[1] == region, f"place, in {region}", arn)


def check_requests(of_one_address: int | None) -> None:
    _refuse_unless(
        of_one_address is None or FEWEST_REQUESTS <= of_one_address <= MOST_REQUESTS,
        "requests of one address",
        of_one_address,
    )


def _refuse_unless(makes_sense: object, what: str, value: object) -> None:
    if not makes_sense:
        raise ValueError(f"stage: {what}: {value!r} makes no sense")
