"""FWP408: handlers read the same header or cookie by hand."""

from __future__ import annotations

from collections.abc import Iterator

from fwp_checks.finding import Finding, Severity, Step
from fwp_checks.project.view import FileView
from fwp_checks.rules import Rule

RULE = Rule(
    code="FWP408",
    name="repeated-header",
    summary="Several functions read the same header or cookie from the request by hand.",
    severity=Severity.WARNING,
    fix_link="https://fastapi.tiangolo.com/tutorial/header-params/#declare-header-parameters",
)
_TOKEN = "https://fastapi.tiangolo.com/tutorial/security/get-current-user/#inject-the-current-user"
_SCHEMES = frozenset(
    f"fastapi.security.{name}"
    for name in (
        "OAuth2", "OAuth2PasswordBearer", "OAuth2AuthorizationCodeBearer", "HTTPBearer",
        "HTTPBasic", "HTTPDigest", "APIKeyHeader", "APIKeyCookie", "APIKeyQuery", "OpenIdConnect",
    )
)  # fmt: skip


def check(file: FileView) -> Iterator[Finding]:
    """Tokens that two functions take apart; other keys that three functions read."""
    for repeated in file.project.injection.repeated.keys.get(file.module.path, ()):
        first = repeated.reads[0]
        kind = "header" if first.kind == "headers" else "cookie"
        names = [f"'{read.frame.name}'" for read in repeated.reads]
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        severity = None
        if repeated.is_token:
            has_scheme = next(file.project.call_sites.of(_SCHEMES), None) is not None
            severity = Severity.ERROR if has_scheme else Severity.WARNING
            way = (
                "inject the scheme that the project has already, in one dependency"
                if has_scheme
                else "declare a security scheme such as HTTPBearer() in one dependency"
            )
            what = f"{len(names)} functions take the {kind} '{first.key}' apart by hand"
        else:
            parameter = "Header" if kind == "header" else "Cookie"
            way = f"declare it as a {parameter}() parameter of one dependency"
            what = f"{len(names)} functions read the {kind} '{first.key}' from the request"
        harm = "it is neither validated nor documented"
        if not [read for read in repeated.reads if not read.is_declared]:
            harm = "each checks it in its own way"
        yield file.finding(
            RULE,
            file.range_of(file.module, first.term),
            f"{what} ({shown}): {harm}; {way}.",
            key=(first.kind, first.key),
            severity=severity,
            fix_link=_TOKEN if repeated.is_token else "",
            trace=[
                Step(
                    read.frame.module.path,
                    file.range_of(read.frame.module, read.term),
                    f"'{read.frame.name}' reads it",
                )
                for read in repeated.reads[1:]
            ],
        )
