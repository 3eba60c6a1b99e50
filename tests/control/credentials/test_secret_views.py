from headway.control.credentials.secret_views import SecretViews


def test_a_deployment_sees_the_secrets_that_it_declares_whatever_becomes_of_them(tmp_path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("mine", "other"):
        (secrets / name).write_text(f"{name} 1", encoding="utf-8")
    views = SecretViews(secrets, tmp_path / "views")
    folder = views.of("d1", ["mine", "later", "../other", ".hidden"])
    assert sorted(path.name for path in folder.iterdir()) == ["later", "mine"]
    assert (folder / "mine").read_text(encoding="utf-8") == "mine 1"
    assert not (folder / "later").exists()
    (secrets / "new").write_text("mine 2", encoding="utf-8")
    (secrets / "new").replace(secrets / "mine")
    (secrets / "later").write_text("at last", encoding="utf-8")
    assert (folder / "mine").read_text(encoding="utf-8") == "mine 2"
    assert (folder / "later").read_text(encoding="utf-8") == "at last"
    assert views.of("d1", ["mine"]) == folder
    assert [path.name for path in folder.iterdir()] == ["mine"], "it declares less by now"
    assert list(views.of("d2", []).iterdir()) == []
    assert folder.stat().st_mode & 0o77 == 0
    views.forget("d1")
    assert not folder.exists()
    assert (secrets / "mine").exists()
