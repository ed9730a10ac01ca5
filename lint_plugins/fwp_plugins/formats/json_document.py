"""The JSON format, version 1: stable keys, paths relative to the project root, positions from 1."""

from __future__ import annotations

import json
from typing import Any

from fwp_checks.finding import Finding, Range, Report

VERSION = 1


def document(report: Report) -> str:
    """The report as one JSON document in ASCII, with a line end."""
    data = {
        "version": VERSION,
        "findings": [_finding(finding) for finding in report.findings],
        "skipped": [
            {"path": skipped.path, "line": skipped.line, "reason": skipped.reason}
            for skipped in report.skipped
        ],
        "withheld": len(report.withheld),
    }
    return json.dumps(data, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "path": finding.path,
        **_range(finding.range),
        "message": finding.message,
        "trace": [
            {
                "path": step.path,
                "line": step.range.line,
                "column": step.range.column,
                "message": step.message,
            }
            for step in finding.trace
        ],
        "fix_link": finding.fix_link,
        "rule_page": finding.rule_page,
        "fingerprint": finding.fingerprint,
        "edits": [
            {"path": edit.path, **_range(edit.range), "replacement": edit.replacement}
            for edit in finding.edits
        ],
    }


def _range(place: Range) -> dict[str, int]:
    return {
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
