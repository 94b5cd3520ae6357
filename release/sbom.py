"""The bill of materials of the wheel: `python -m release.sbom` prints CycloneDX JSON.

What requirements/run.txt pins, with the hashes of every file, and the one script that
the wheel carries. The same checkout gives the same bytes.
"""

import os
import re
import tomllib
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from release.pins import Pin, pins

_PROJECT = Path("pyproject.toml")
_PINS = Path("requirements/run.txt")
_CHARTS = Path("monitor/web/static/vendor/echarts.min.js")


def main() -> None:
    """Print the bill."""
    print(bill(int(os.environ.get("SOURCE_DATE_EPOCH", "0"))))


def bill(made_at_s: int) -> str:
    """CycloneDX 1.6 in JSON, indented.

    Parameters
    ----------
    made_at_s : time of the release [s since 1970], usually that of the commit.
    """
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, sha256(_PINS.read_bytes()).hexdigest())
    )
    bom.metadata.timestamp = datetime.fromtimestamp(made_at_s, UTC)
    bom.metadata.component = root = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref="monitor",
        licenses=[DisjunctiveLicense(id=project["license"])],
    )
    parts = [*map(_package, pins(_PINS)), _charts()]
    bom.components.update(parts)
    bom.register_dependency(root, parts)
    return JsonV1Dot6(bom).output_as_string(indent=1)


def _package(pin: Pin) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        comment="SHA-256 of every file that may be installed",
        hashes=[_sha256(one) for one in pin.sha256],
    )
    return Component(
        type=ComponentType.LIBRARY,
        name=pin.name,
        version=pin.version,
        purl=purl,
        bom_ref=purl.to_string(),
        scope=ComponentScope.REQUIRED if pin.is_everywhere else ComponentScope.OPTIONAL,
        external_references=[files],
    )


def _charts() -> Component:
    """The charting script that the dashboard serves from the wheel."""
    about = (_CHARTS.parent / "README.txt").read_text(encoding="utf-8")
    (version,) = re.findall(r"Apache ECharts (\d+\.\d+\.\d+)", about)
    purl = PackageURL("npm", name="echarts", version=version)
    return Component(
        type=ComponentType.LIBRARY,
        name="echarts",
        version=version,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[DisjunctiveLicense(id="Apache-2.0")],
        hashes=[_sha256(sha256(_CHARTS.read_bytes()).hexdigest())],
    )


def _sha256(content: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=content)


if __name__ == "__main__":
    main()
