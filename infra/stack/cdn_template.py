"""The CDN as `infra/console.yaml` states it, read from that file: nothing works here that would not there.

Only what the template uses is modelled; a setting that is not refuses the start.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.stack.cdn import ERROR_S, VIEWER, Behaviour, Cdn

TEMPLATE = Path(__file__).resolve().parents[1] / "console.yaml"
METHODS = ("GET", "HEAD")  # of a behaviour that names none
MODELLED = frozenset(
    {
        "PathPattern",
        "TargetOriginId",
        "ViewerProtocolPolicy",  # there is no TLS on loopback
        "AllowedMethods",
        "CachePolicyId",
        "OriginRequestPolicyId",
        "ResponseHeadersPolicyId",
        "Compress",  # of files: answers are the same, but larger
        "FunctionAssociations",  # the page: see pages.py
    }
)
MANAGED_CACHING = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": {  # Managed-CachingOptimized
        "MinTTL": 1,
        "DefaultTTL": 86_400,
        "MaxTTL": 31_536_000,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True,
            "EnableAcceptEncodingBrotli": True,
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
            "HeadersConfig": {"HeaderBehavior": "none"},
        },
    }
}


class NotModelled(Exception):
    """The template uses a setting that the local front does not imitate: teach `infra/stack/cdn.py`."""


def cdn_of(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Cdn:
    """Read a template. `parameters`: what its origins' headers refer to.

    Raises:
        NotModelled.
    """
    resources = template["Resources"]
    [config] = [
        resource["Properties"]["DistributionConfig"]
        for resource in resources.values()
        if resource["Type"] == "AWS::CloudFront::Distribution"
    ]
    default = {"PathPattern": "*", **config["DefaultCacheBehavior"]}
    errors = config.get("CustomErrorResponses", ())
    if any("ResponsePagePath" in stated or "ResponseCode" in stated for stated in errors):
        raise NotModelled("error pages")
    return Cdn(
        behaviours=tuple(_behaviour(resources, stated) for stated in (*config.get("CacheBehaviors", ()), default)),
        origin_headers={
            origin["Id"]: {
                header["HeaderName"]: _value(header["HeaderValue"], parameters)
                for header in origin.get("OriginCustomHeaders", ())
            }
            for origin in config["Origins"]
        },
        error_s={stated["ErrorCode"]: stated.get("ErrorCachingMinTTL", ERROR_S) for stated in errors},
    )


def template_of(text: str) -> Any:
    """A template's values; `!Ref X` becomes `{"Ref": "X"}`, `!Sub` `{"Fn::Sub": …}`."""
    return yaml.load(text, _Template)  # noqa: S506 a safe loader


class _Template(yaml.SafeLoader):
    pass


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Template.add_multi_constructor("!", _function)


def _behaviour(resources: Mapping[str, Any], stated: Mapping[str, Any]) -> Behaviour:
    if unknown := stated.keys() - MODELLED:
        raise NotModelled(f"of a behaviour: {sorted(unknown)}")
    caching = _caching(resources, stated["CachePolicyId"])
    keys = caching["ParametersInCacheKeyAndForwardedToOrigin"]
    request = _policy(resources, stated.get("OriginRequestPolicyId"), "OriginRequestPolicyConfig")
    for one in (keys, request):
        if one and one["CookiesConfig"]["CookieBehavior"] != "none":
            raise NotModelled("cookies that pass")
    passed = _listed(request) if request else frozenset()
    if made_up := [name for name in passed if name.startswith("cloudfront-") and name != VIEWER]:
        raise NotModelled(f"headers of CloudFront's own: {made_up}")
    return Behaviour(
        pattern=stated["PathPattern"],
        origin=stated["TargetOriginId"],
        methods=frozenset(stated.get("AllowedMethods", METHODS)),
        keyed=_listed(keys),
        passed=passed,
        passes_query=_all_queries(keys) or bool(request and _all_queries(request)),
        encodings=tuple(
            name for name, flag in (("br", "Brotli"), ("gzip", "Gzip")) if keys[f"EnableAcceptEncoding{flag}"]
        ),
        least_s=caching["MinTTL"],
        default_s=caching["DefaultTTL"],
        most_s=caching["MaxTTL"],
        answered=_security(_policy(resources, stated.get("ResponseHeadersPolicyId"), "ResponseHeadersPolicyConfig")),
    )


def _caching(resources: Mapping[str, Any], stated: Any) -> Mapping[str, Any]:
    if isinstance(stated, str):
        if stated not in MANAGED_CACHING:
            raise NotModelled(f"the managed cache policy {stated}")
        return MANAGED_CACHING[stated]
    return _policy(resources, stated, "CachePolicyConfig")


def _policy(resources: Mapping[str, Any], stated: Any, kind: str) -> Mapping[str, Any]:
    """A policy of the template; nothing for none."""
    if stated is None:
        return {}
    if not isinstance(stated, Mapping):
        raise NotModelled(f"the managed policy {stated}")
    config: Mapping[str, Any] = resources[stated["Ref"]]["Properties"][kind]
    return config


def _listed(policy: Mapping[str, Any]) -> frozenset[str]:
    headers = policy["HeadersConfig"]
    if headers["HeaderBehavior"] not in ("none", "whitelist"):
        raise NotModelled(f"HeaderBehavior: {headers['HeaderBehavior']}")
    return frozenset(name.lower() for name in headers.get("Headers", ()))


def _all_queries(policy: Mapping[str, Any]) -> bool:
    stated = policy["QueryStringsConfig"]["QueryStringBehavior"]
    if stated not in ("none", "all"):
        raise NotModelled(f"QueryStringBehavior: {stated}")
    return bool(stated == "all")


def _security(policy: Mapping[str, Any]) -> dict[str, str]:
    """The headers that every answer gets."""
    if unknown := policy.keys() - {"Name", "Comment", "SecurityHeadersConfig"}:
        raise NotModelled(f"of a response headers policy: {sorted(unknown)}")
    made = {}
    for name, stated in policy.get("SecurityHeadersConfig", {}).items():
        match name, stated:
            case "ContentTypeOptions", {"Override": True}:
                made["X-Content-Type-Options"] = "nosniff"
            case "FrameOptions", {"FrameOption": str(option), "Override": True}:
                made["X-Frame-Options"] = option
            case "ReferrerPolicy", {"ReferrerPolicy": str(policy_name), "Override": True}:
                made["Referrer-Policy"] = policy_name
            case "StrictTransportSecurity", {"AccessControlMaxAgeSec": int(age_s), "Override": True, **rest} if (
                not rest
            ):
                made["Strict-Transport-Security"] = f"max-age={age_s}"
            case _:
                raise NotModelled(f"{name}: {stated}")
    return made


def _value(stated: Any, parameters: Mapping[str, str]) -> str:
    return parameters[stated["Ref"]] if isinstance(stated, Mapping) else str(stated)
