"""Libraries that ask for JSON and call tools, against a model that nobody here trained (SPECSEARCH_REAL names the set).

What a small model answers is not judged, only that the libraries get what they ask for."""

import os
import subprocess
import sys
from typing import Literal

import openai
import pydantic
import pytest
from conftest import Server

MODELS = os.environ.get("SPECSEARCH_REAL")
pytestmark = pytest.mark.skipif(not MODELS, reason="SPECSEARCH_REAL names no set of models, such as smollm2")
ASK = "Extract the person: Jason is 25 years old."
SETTINGS = ["--method", "ar", "--search", "self-consistency", "--beams", "1", "--width", "1", "--depth", "3"]


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0, le=150)
    mood: Literal["glad", "sad"] | None = None


@pytest.fixture(scope="module")
def url():
    server = Server("--models", MODELS, "--max-tokens", "64", *SETTINGS)
    yield f"{server.url}/v1"
    assert server.stop() in (0, 143)


@pytest.mark.parametrize("mode", ["TOOLS", "JSON", "JSON_SCHEMA"])
def test_instructor(url, mode):
    instructor = pytest.importorskip("instructor")
    client = instructor.from_openai(openai.OpenAI(base_url=url, api_key="none"), mode=instructor.Mode[mode])
    # In the mode JSON the schema stands in the prompt alone: whether the model keeps to it is the model's matter.
    try:
        found = client.chat.completions.create(
            model=MODELS, response_model=Person, max_retries=0, messages=[{"role": "user", "content": ASK}])
    except Exception:
        if mode != "JSON":
            raise
    else:
        assert isinstance(found, Person)


@pytest.mark.parametrize("kind", ["native", "tool"])
def test_pydantic_ai(url, kind):
    ai = pytest.importorskip("pydantic_ai")
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIChatModel(MODELS, provider=OpenAIProvider(base_url=url, api_key="none"))
    output = ai.NativeOutput(Person) if kind == "native" else ai.ToolOutput(Person)
    assert isinstance(ai.Agent(model, output_type=output).run_sync(ASK).output, Person)


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_langchain_output(url, method):
    langchain = pytest.importorskip("langchain_openai")
    model = langchain.ChatOpenAI(model=MODELS, base_url=url, api_key="none")
    assert isinstance(model.with_structured_output(Person, method=method).invoke(ASK), Person)


def test_langchain_tools(url):
    langchain = pytest.importorskip("langchain_openai")
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_core.tools import tool

    @tool
    def multiply(a: int, b: int) -> int:
        "Multiply two numbers."
        return a * b

    model = langchain.ChatOpenAI(model=MODELS, base_url=url, api_key="none")
    question = HumanMessage("What is 37 times 12?")
    call = model.bind_tools([multiply], tool_choice="multiply").invoke([question])
    assert call.tool_calls[0]["name"] == "multiply" and set(call.tool_calls[0]["args"]) == {"a", "b"}
    result = ToolMessage(str(multiply.invoke(call.tool_calls[0]["args"])), tool_call_id=call.tool_calls[0]["id"])
    answer = model.bind_tools([multiply]).invoke([question, call, result])
    assert answer.response_metadata["finish_reason"] in ("stop", "tool_calls", "length")


def test_llm(url, tmp_path):
    pytest.importorskip("llm")
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: here\n  model_name: {MODELS}\n  api_base: {url}\n  supports_schema: true\n")
    environment = dict(os.environ, LLM_USER_PATH=str(tmp_path), OPENAI_API_KEY="none")
    found = subprocess.run(
        [sys.executable, "-m", "llm", "-m", "here", "--schema", "name, age int", ASK], env=environment,
        capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert set(pydantic.TypeAdapter(dict).validate_json(found.stdout)) == {"name", "age"}
