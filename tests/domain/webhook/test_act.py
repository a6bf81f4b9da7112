"""What the audit log says of webhooks."""

from dataclasses import replace

import pytest

from chalicelib.domain.webhook.act import act_on_hook
from tests.builders import a_hook


def test_the_path_of_a_url_is_not_told_and_whether_it_is_another_is() -> None:
    before = a_hook()
    after = replace(before, url=replace(before.url, target="/another-secret"))

    act = act_on_hook("webhook_changed", before, after)

    assert act.before is not None
    assert act.after is not None
    assert act.before["url"] == act.after["url"] == act.target.name == "https://hooks.example.org"
    assert act.before["path_sha256"] != act.after["path_sha256"]
    assert "another-secret" not in repr(act)


def test_an_act_is_on_a_hook() -> None:
    with pytest.raises(ValueError, match="no webhook"):
        act_on_hook("webhook_changed", None, None)
