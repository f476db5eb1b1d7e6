from __future__ import annotations

import pytest
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

from sandbox.host.config import HostError
from sandbox.host.storage import Storage, decode, encode

BINDING = {"queueName": "Work", "connection": "Some"}
CONNECTION = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;QueueEndpoint=http://127.0.0.1:1/a;"


async def test_a_connection_string() -> None:
    storage = Storage({"Some": CONNECTION})
    assert storage.queue(BINDING, "here").url == "http://127.0.0.1:1/a/work"
    poison = storage.poison_queue(BINDING, "here")
    assert poison is not None
    assert poison.url == "http://127.0.0.1:1/a/work-poison"
    await storage.close()


async def test_the_platforms_prefix_comes_first_and_its_storage_is_the_default() -> None:
    other = CONNECTION.replace("/a;", "/other;")
    storage = Storage({"AzureWebJobsSome": other, "Some": CONNECTION, "AzureWebJobsStorage": CONNECTION})
    assert storage.queue(BINDING, "here").url == "http://127.0.0.1:1/other/work"
    assert storage.queue({"queueName": "work"}, "here").url == "http://127.0.0.1:1/a/work"
    await storage.close()


@pytest.mark.parametrize(
    ("environ", "url", "credential"),
    [
        ({"Some__queueServiceUri": "https://x.example"}, "https://x.example/work", DefaultAzureCredential),
        ({"Some__accountName": "acc"}, "https://acc.queue.core.windows.net/work", DefaultAzureCredential),
        (
            {
                "Some__queueServiceUri": "https://x.example",
                "Some__credential": "managedidentity",
                "Some__clientId": "1",
            },
            "https://x.example/work",
            ManagedIdentityCredential,
        ),
    ],
)
async def test_an_identity(environ: dict[str, str], url: str, credential: type) -> None:
    storage = Storage(environ)
    assert storage.queue(BINDING, "here").url == url
    assert [type(one) for one in storage.credentials] == [credential]
    await storage.close()


async def test_no_connection_and_no_name() -> None:
    with pytest.raises(HostError, match=r"^here: the setting Some is not set \(nor Some__queueServiceUri\)$"):
        Storage({}).queue(BINDING, "here")
    storage = Storage({"Some": CONNECTION})
    for name in ("a", "-ab", "a_b", "a--b", "x" * 64):
        with pytest.raises(HostError, match="is not a valid queue name"):
            storage.queue({**BINDING, "queueName": name}, "here")
    await storage.close()


async def test_a_queue_without_a_poison_queue() -> None:
    storage = Storage({"Some": CONNECTION})
    for name in ("work-poison", "x" * 57):
        assert storage.poison_queue({**BINDING, "queueName": name}, "here") is None
    await storage.close()


def test_encodings() -> None:
    assert decode(encode("grün".encode(), "base64"), "base64").decode() == "grün"
    assert decode(" Z3L DvG4=\n", "base64").decode() == "grün", "blanks between are no fault"
    assert decode(encode("grün".encode(), "none"), "none").decode() == "grün"
    for text in ('{"a": 1}', "abc", "gr\u00fcn", "Z3LDvG4"):
        with pytest.raises(ValueError, match=r"\w"):
            decode(text, "base64")
