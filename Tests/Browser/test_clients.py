"""Real clients, and what happens when things go wrong.

Names with a number are faults: r1 many clients, r2 overload, r12 hang-ups, r13 the end, r14 size, r16 determinism,
r17 rude connections, r19 the API's description. Times and memory are printed (`-s` shows them), not judged."""

import concurrent.futures
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

import openai
import pytest
import requests
from conftest import LONG, PROBLEM
from prometheus_client.parser import text_string_to_metric_families

MESSAGES = [{"role": "user", "content": PROBLEM}]


def client(server, **settings):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=settings.pop("api_key", "none"), **settings)


def metric(server, name, **labels):
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0


def settle(condition, seconds):
    """How long a condition took to hold."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, "It did not come to be in time."
        time.sleep(0.02)
    return time.monotonic() - begin


def test_openai_whole(server):
    answer = client(server).chat.completions.create(model="specsearch-trio", messages=MESSAGES)
    assert answer.choices[0].message.content == "The answer is 107."
    assert answer.choices[0].finish_reason == "stop"
    assert "finds 68" in answer.choices[0].message.reasoning_content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.specsearch["draft_tokens"] > 0


def test_openai_stream(server):
    stream = client(server).chat.completions.create(
        model="specsearch-trio", messages=MESSAGES, stream=True, stream_options={"include_usage": True},
        extra_body={"specsearch": {"beams": 3}})
    content, reasoning, usage = "", "", None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
    assert content == "The answer is 107." and reasoning.count("\n\n") == 7
    assert usage.completion_tokens > 0


def test_openai_completions_models_and_errors(server):
    api = client(server, max_retries=0)
    assert api.completions.create(model="specsearch-trio", prompt=PROBLEM).choices[0].text.endswith("107.")
    assert [model.id for model in api.models.list()] == ["specsearch-trio"]
    with pytest.raises(openai.NotFoundError):
        api.chat.completions.create(model="other", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError) as refusal:
        api.chat.completions.create(model="specsearch-trio", messages=MESSAGES, frequency_penalty=1)
    assert refusal.value.param == "frequency_penalty"


def test_openai_answers_and_prompts(server):
    api = client(server)
    answer = api.chat.completions.create(model="specsearch-trio", messages=MESSAGES, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.choices[0].message.content == "The answer is 107."
    assert answer.usage.prompt_tokens_details.cached_tokens <= answer.usage.prompt_tokens
    prompts = [PROBLEM, PROBLEM.replace("47", "57")]
    texts = [choice.text for choice in api.completions.create(model="specsearch-trio", prompt=prompts).choices]
    assert texts[0].endswith("107.") and len(texts) == 2
    parts = ["", "", "", ""]
    for chunk in api.completions.create(model="specsearch-trio", prompt=prompts, n=2, stream=True):
        for choice in chunk.choices:
            parts[choice.index] += choice.text
    assert [parts[0], parts[2]] == texts


def test_openai_responses(server):
    api = client(server)
    answer = api.responses.create(model="specsearch-trio", input=PROBLEM)
    assert answer.status == "completed" and answer.output_text == "The answer is 107."
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    with api.responses.stream(model="specsearch-trio", input=PROBLEM) as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == answer.output_text
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"


def test_equal_questions_at_once_have_equal_prompt_tokens(server):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client(server).completions.create(
            model="specsearch-trio", prompt=PROBLEM).usage.prompt_tokens, range(8)))
    assert len(set(answers)) == 1 and answers[0] > 0


def test_heavy_searches_at_once_all_succeed(server):
    def run(number):
        return client(server, max_retries=0).completions.create(
            model="specsearch-trio", prompt=PROBLEM, seed=number,
            extra_body={"specsearch": {"beams": 16, "width": 64}}).choices[0].finish_reason

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert set(pool.map(run, range(4))) <= {"stop", "length"}


def test_curl(server):
    body = json.dumps({"messages": MESSAGES, "stream": True})
    result = subprocess.run(
        ["curl", "-sSN", "-D", "-", f"{server.url}/v1/chat/completions", "-H", "Content-Type: application/json", "-d", body],
        check=True, capture_output=True, text=True)
    assert result.stdout.startswith("HTTP/1.1 200")
    assert "text/event-stream" in result.stdout and result.stdout.rstrip().endswith("data: [DONE]")


def test_context_overflow_is_the_callers_fault(server):
    with pytest.raises(openai.BadRequestError) as refusal:
        client(server).chat.completions.create(
            model="specsearch-trio", messages=[{"role": "user", "content": PROBLEM * 20}])
    assert refusal.value.code == "context_length_exceeded"


def test_metrics_can_be_read(server):
    # By name: the server's own method is the fastest, whichever that is here.
    client(server).completions.create(
        model="specsearch-trio", prompt=PROBLEM, extra_body={"specsearch": {"method": "specsearch"}})
    assert metric(server, "specsearch_searches_total", method="specsearch", end="finished") > 0
    assert metric(server, "specsearch_tokens_total", role="draft") > 0


def test_r1_many_clients_get_their_own_answers(own_server):
    server = own_server("--concurrency", "4", "--queue", "64", "-q")
    # Problems of the shipped models' kind: with others they wander.
    problems = [PROBLEM.replace("47", str(number + 30)) for number in range(16)]
    alone = {}
    session = client(server, max_retries=0)
    for number in range(16):
        alone[number] = session.completions.create(model="specsearch-trio", prompt=problems[number],
                                                   seed=number).choices[0].text
    names, times, memory = set(), [], []

    def run(worker):
        api = client(server, max_retries=0)
        for turn in range(20):
            number = (worker + turn * 5) % 16
            start = time.monotonic()
            answer = api.completions.create(
                model="specsearch-trio", prompt=problems[number], seed=number)
            times.append(time.monotonic() - start)
            assert answer.choices[0].text == alone[number], "An answer was mixed up."
            names.add(answer.id)
            if len(names) % 64 == 0:
                memory.append(server.memory() / 1e6)

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        list(pool.map(run, range(64)))
    assert len(names) == 64 * 20
    print(f"{len(times)} answers; {quantiles(times)}; memory in MB {memory[0]:.0f} … {memory[len(memory) // 2]:.0f} "
          f"… {memory[-1]:.0f}")
    assert metric(server, "specsearch_searches_running") == 0


def quantiles(times):
    """The middle and the end of a list of seconds, for people."""
    times = sorted(times)
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    return f"p50 {statistics.median(times) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, most {times[-1] * 1000:.1f} ms"


def test_r2_overload_is_refused_at_once_and_retried(own_server):
    server = own_server("--concurrency", "4", "--queue", "64", "-q")
    begin = threading.Barrier(256)

    def shot(_):
        begin.wait()
        start = time.monotonic()
        answer = requests.post(f"{server.url}/v1/completions", json={"prompt": PROBLEM}, timeout=120)
        return answer.status_code, answer.headers.get("Retry-After"), time.monotonic() - start

    with concurrent.futures.ThreadPoolExecutor(256) as pool:
        shots = list(pool.map(shot, range(256)))
    codes = {code for code, _, _ in shots}
    assert codes == {200, 429}
    assert all(int(after) >= 1 for code, after, _ in shots if code == 429)
    print("refusals to 256 threads at once:", quantiles([took for code, _, took in shots if code == 429]))
    # OpenAI's client comes back by itself, when the answer says so.
    busy = [threading.Thread(target=shot_alone, args=(server,)) for _ in range(68)]
    for thread in busy:
        thread.start()
    settle(lambda: metric(server, "specsearch_searches_queued") >= 60, 30)
    answer = client(server, max_retries=10).completions.create(model="specsearch-trio", prompt=PROBLEM)
    assert answer.choices[0].text.endswith("107.")
    assert metric(server, "specsearch_requests_total", route="POST /v1/completions", code="429") > 0
    for thread in busy:
        thread.join()


def shot_alone(server):
    requests.post(f"{server.url}/v1/completions", json={"prompt": PROBLEM}, timeout=120)


def test_refusals_are_quick(own_server):
    server = own_server("--api-key", "secret", "--concurrency", "1", "--queue", "0", "-q")
    url = f"{server.url}/v1/completions"
    session = requests.Session()
    key = {"Authorization": "Bearer secret"}
    stream = requests.post(f"{server.url}/v1/chat/completions", stream=True, timeout=60, headers=key, json={
        "messages": MESSAGES, "stream": True} | LONG)
    settle(lambda: session.post(url, json={"prompt": PROBLEM}, headers=key).status_code == 429, 30)
    # Without a place for it, a body is not looked at.
    assert session.post(url, json={"prompt": PROBLEM, "n": 99}, headers=key).status_code == 429
    kinds = {
        429: lambda: session.post(url, json={"prompt": PROBLEM}, headers=key),
        401: lambda: session.post(url, json={"prompt": PROBLEM}),
        413: lambda: session.post(url, data=b"x" * (3 << 20), headers=key | {"Content-Type": "application/json"}),
    }
    for code, ask in kinds.items():
        times = []
        for _ in range(100):
            start = time.monotonic()
            try:
                assert ask().status_code == code
            except requests.ConnectionError:
                # The server answers and closes before it has taken the whole of a body that is too long.
                assert code == 413
            times.append(time.monotonic() - start)
        print(f"{code}: {quantiles(times)}")
    stream.close()


def test_r12_a_hang_up_stops_the_search(own_server):
    server = own_server("-q")
    metric(server, "specsearch_searches_running")
    baseline = server.files()
    times = []
    for number in range(500):
        body = json.dumps({"messages": MESSAGES, "stream": number % 2 == 0} | LONG).encode()
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        time.sleep(random.random() * 0.15)
        if number % 3 == 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        times.append(settle(lambda: metric(server, "specsearch_searches_running") == 0, 10))
    print("searches go on for", quantiles(times))
    settle(lambda: server.files() <= baseline + 2, 10)


def test_r13_sigterm_lets_searches_end(own_server):
    server = own_server("--drain", "30", "-q")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(
        requests.post(f"{server.url}/v1/completions", json={"prompt": PROBLEM}, timeout=60).status_code)) for _ in range(16)]
    for thread in threads:
        thread.start()
    # All are in: one that comes after the signal is rightly refused.
    settle(lambda: metric(server, "specsearch_searches_queued") + metric(server, "specsearch_searches_running")
           + len(answers) >= 16, 10)
    server.process.send_signal(signal.SIGTERM)
    settle(lambda: refused(server), 5)
    for thread in threads:
        thread.join()
    assert answers == [200] * 16
    assert server.process.wait(31) == 0


def refused(server):
    try:
        return requests.get(f"{server.url}/ready", timeout=5).status_code == 503
    except requests.ConnectionError:
        return True


def test_r13_the_time_to_drain_is_kept(own_server):
    server = own_server("--drain", "1", "-q")
    stream = requests.post(f"{server.url}/v1/chat/completions", stream=True, timeout=60, json={
        "messages": MESSAGES, "stream": True} | LONG)
    server.process.send_signal(signal.SIGTERM)
    text = stream.text
    assert server.process.wait(20) == 0
    assert '"code":"stopping"' in text and "[DONE]" not in text


def test_r14_what_is_too_large_is_refused(server):
    before = server.memory()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", "/v1/completions")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(32 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    many = [{"role": "user", "content": "x"}] * 10000
    assert requests.post(f"{server.url}/v1/chat/completions", json={"messages": many}, timeout=20).status_code == 400
    long = requests.post(f"{server.url}/v1/completions", json={"prompt": "x" * (1 << 20)}, timeout=20)
    assert long.json()["error"]["code"] == "context_length_exceeded"
    deep = requests.post(f"{server.url}/v1/completions", data="[" * 100000, timeout=20,
                         headers={"Content-Type": "application/json"})
    assert deep.status_code == 400
    assert server.memory() - before < 128 << 20


def test_r16_the_same_seed_gives_the_same_answer_at_any_load(server):
    def run(_):
        answer = requests.post(f"{server.url}/v1/completions", timeout=120, json={
            "prompt": PROBLEM, "seed": 7, "temperature": 1.4, "specsearch": {"return_trace": True}})
        trace = answer.json()["specsearch"]["trace"]
        return json.dumps([event for event in trace if event["type"] in ("drafted", "generated", "selected")], sort_keys=True)

    one = run(0)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(run, range(16))) == {one}


def test_r17_rude_connections_do_no_harm(server):
    def send(data, wait=3):
        with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as connection:
            connection.sendall(data)
            try:
                return connection.recv(4096)
            except (TimeoutError, ConnectionResetError):
                return b""

    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(500)]
    head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    assert send(b"nonsense\r\n\r\n").split()[1:2] in ([b"400"], [])
    assert b" 400" in send(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")
    assert b" 400" in send(head + b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x01")
    assert b" 200" not in send(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 200000 + b"\r\n\r\n")
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for connection in slow:
        connection.sendall(head + b"Content-Length: 1000\r\n\r\n{")
    answer = requests.post(f"{server.url}/v1/completions", json={"prompt": PROBLEM}, timeout=60)
    assert answer.status_code == 200 and answer.json()["choices"][0]["text"].endswith("107.")
    for connection in idle + slow:
        connection.close()
    assert server.process.poll() is None


def test_no_problem_stands_in_the_log(own_server):
    server = own_server()
    requests.post(f"{server.url}/v1/completions", json={"prompt": "Mia has 4711 shells.", "max_tokens": 20}, timeout=60)
    requests.post(f"{server.url}/v1/completions", json={"prompt": "x 4711", "n": 4711}, timeout=60)
    assert server.stop() == 0
    server.reader.join(5)
    assert not any("4711" in line for line in server.log)


def test_r19_the_description_is_kept(server, tmp_path):
    tool = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    # A method that the server does not know at all is 501 (RFC 9110 §15.6.2), which the tool takes for a failure.
    settings = tmp_path / "schemathesis.toml"
    settings.write_text('[phases.coverage]\nunexpected-methods = ["PUT", "PATCH", "TRACE"]\n')
    result = subprocess.run(
        [tool, "--config-file", str(settings), "run", f"{server.url}/openapi.json", "--max-examples", os.environ.get("EXAMPLES", "8"), "--seed", "1",
         "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
         "--exclude-path", "/v1/searches/{id}/events", "--request-timeout", "60"],
        capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
