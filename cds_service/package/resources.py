"""All resources of the package, by type and id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType

from cds_service.package.activities import activities
from cds_service.package.libraries import libraries, whole
from cds_service.package.measures import measures
from cds_service.package.metadata import Json
from cds_service.package.plans import plans
from cds_service.package.value_sets import code_systems, value_sets

MAKERS: tuple[Callable[[], Iterable[Json]], ...] = (plans, activities, libraries, value_sets, code_systems, measures)
"""What makes the resources. Each gives R4 resources as JSON, with id, url, version and title."""


@cache
def resources() -> Mapping[tuple[str, str], Json]:
    """Every resource by type and id. ValueError for two of the same type and id, or of the same address."""
    made = [each for maker in MAKERS for each in maker()]
    found: dict[tuple[str, str], Json] = {}
    for each in (whole(made), *made):
        if found.setdefault((each["resourceType"], each["id"]), each) is not each:
            raise ValueError(f"two resources are {each['resourceType']}/{each['id']}")
    if len({each["url"] for each in found.values()}) < len(found):
        raise ValueError("two resources have the same address")
    return MappingProxyType(found)
