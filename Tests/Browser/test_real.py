"""The server with a model that nobody here trained, asked by a real client: make test-real."""

import os

import openai
import pytest
from conftest import Server

MODELS = os.environ.get("SPECSEARCH_REAL")
pytestmark = pytest.mark.skipif(not MODELS, reason="SPECSEARCH_REAL names no set of models: see make test-real")
ASK = {
    "messages": [{"role": "user", "content": "What is 2 + 3? Answer in one short sentence."}],
    "max_tokens": 48,
    "extra_body": {
        "specsearch": {"method": "ar", "search": "self-consistency", "beams": 1, "width": 2, "depth": 3}
    },
}


@pytest.fixture(scope="module")
def client():
    server = Server("--models", MODELS)
    yield openai.OpenAI(base_url=f"{server.url}/v1", api_key="none")
    assert server.stop() in (0, 143)


def test_real_answer(client):
    model = client.models.list().data[0].id
    answer = client.chat.completions.create(model=model, **ASK)
    message = answer.choices[0].message
    assert (message.content or message.reasoning_content).strip()
    assert answer.usage.completion_tokens > 0


def test_real_stream(client):
    model = client.models.list().data[0].id
    chunks = list(client.chat.completions.create(model=model, stream=True, **ASK))
    text = "".join(
        (chunk.choices[0].delta.content or "") + (getattr(chunk.choices[0].delta, "reasoning_content", None) or "")
        for chunk in chunks
        if chunk.choices
    )
    assert text.strip()
    assert "<|im_" not in text
