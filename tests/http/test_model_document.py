from headway.http.model_document import list_document, model_document


def test_one_document_is_what_both_libraries_expect():
    assert model_document("story", 1000.9) == {
        "id": "story",
        "object": "model",
        "created": 1000,
        "owned_by": "headway",
        "type": "model",
        "display_name": "story",
        "created_at": "1970-01-01T00:16:40Z",
    }


def test_a_list_is_one_page():
    models = [model_document(name, 0) for name in ("a", "b")]
    told = list_document(models)
    assert (told["object"], told["data"], told["has_more"]) == ("list", models, False)
    assert (told["first_id"], told["last_id"]) == ("a", "b")
    assert list_document([])["first_id"] is None
