"""The server with a model that nobody here trained, asked by a real client: make test-real."""

import os
from typing import Literal

import openai
import pydantic
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


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0, le=150)
    mood: Literal["glad", "sad"] | None = None


WHO = {**ASK, "max_tokens": 200, "messages": [{"role": "user", "content": "Jason is 25 years old. Who is it?"}]}


def test_real_json(client):
    model = client.models.list().data[0].id
    answer = client.chat.completions.parse(model=model, response_format=Person, **WHO).choices[0].message
    assert isinstance(answer.parsed, Person)
    assert answer.content.index("name") < answer.content.index("age")
    answer = client.responses.parse(
        model=model, input="Jason is 25 years old. Who is it?", text_format=Person, extra_body=ASK["extra_body"])
    assert isinstance(answer.output_parsed, Person)


def test_real_tools(client):
    model = client.models.list().data[0].id
    tool = {"type": "function", "function": {"name": "save", "parameters": Person.model_json_schema()}}
    choice = client.chat.completions.create(model=model, tools=[tool], tool_choice="required", **WHO).choices[0]
    call = choice.message.tool_calls[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    assert call.function.name == "save" and Person.model_validate_json(call.function.arguments)
    messages = WHO["messages"] + [
        choice.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "It is saved."},
    ]
    answer = client.chat.completions.create(model=model, tools=[tool], **{**WHO, "messages": messages}).choices[0]
    assert answer.finish_reason in ("stop", "tool_calls", "length")


def test_real_logprobs(client):
    model = client.models.list().data[0].id
    choice = client.chat.completions.create(model=model, logprobs=True, top_logprobs=2, **ASK).choices[0]
    tokens = choice.logprobs.content
    assert b"".join(bytes(token.bytes) for token in tokens) == choice.message.content.encode()
    assert all(token.logprob <= token.top_logprobs[0].logprob <= 0 for token in tokens)
