internal import CoreMetrics
internal import NIOCore
internal import SpecSearch

/// The counters, gauges and histograms of a server.
struct ServerMetrics: Sendable {
    static let help = [
        "specsearch_requests_total": "Requests, by route and status.",
        "specsearch_request_duration_seconds": "Seconds from a request to the end of its answer.",
        "specsearch_answer_start_seconds":
            "Seconds from the head of a request to the head of its answer, on the connection, by status.",
        "specsearch_clients_given_up_total": "Connections that were closed because their clients took nothing.",
        "specsearch_searches_running": "Searches that run.",
        "specsearch_searches_queued": "Searches that wait.",
        "specsearch_searches_total": "Searches that ended, by method and end.",
        "specsearch_search_duration_seconds": "Seconds of a search.",
        "specsearch_step_latency_seconds": "Seconds of one call of a model.",
        "specsearch_steps_total": "Steps that the search judged, by outcome.",
        "specsearch_tokens_total": "Tokens that went through each model.",
        "specsearch_prm_score": "Scores by the reward model.",
    ]
    static let buckets = ["specsearch_prm_score": (1...10).map { Double($0) / 10 }]

    let factory: any MetricsFactory

    func request(route: String, status: Int, seconds: Double) {
        Counter(
            label: "specsearch_requests_total", dimensions: [("route", route), ("code", "\(status)")], factory: factory
        ).increment()
        timer("specsearch_request_duration_seconds", [("route", route)], seconds)
    }

    func began(status: Int, after time: TimeAmount) {
        timer("specsearch_answer_start_seconds", [("code", "\(status)")], Double(time.nanoseconds) * 1e-9)
    }

    func gaveUp() { Counter(label: "specsearch_clients_given_up_total", factory: factory).increment() }

    func observe(_ event: SearchEvent) {
        switch event {
        case .sampled(let call):
            timer("specsearch_step_latency_seconds", [("role", call.role.rawValue)], call.seconds)
            tokens(call.usage)
        case .scored(let call):
            // A score that was taken over is nobody's work.
            guard call.twin == nil else { return }
            timer("specsearch_step_latency_seconds", [("role", ModelRole.rewardModel.rawValue)], call.seconds)
            tokens(call.usage ?? Usage())
            let scores = Recorder(label: "specsearch_prm_score", factory: factory)
            for score in call.scores { scores.record(score) }
        case .likelihoods(let call):
            timer("specsearch_step_latency_seconds", [("role", call.role.rawValue)], call.seconds)
            tokens(call.usage)
        case .resolved(let thoughts):
            let outcome = thoughts.state == .correction ? "regenerated" : thoughts.state.rawValue
            Counter(label: "specsearch_steps_total", dimensions: [("outcome", outcome)], factory: factory)
                .increment(by: thoughts.nodes.count)
        default: break
        }
    }

    func searched(_ result: SearchResult, method: SearchMethod?) {
        let method = method?.rawValue ?? "none"
        Counter(
            label: "specsearch_searches_total",
            dimensions: [("method", method), ("end", result.end.rawValue)], factory: factory
        ).increment()
        timer("specsearch_search_duration_seconds", [("method", method)], result.seconds)
    }

    func gauges(running: Int, queued: Int) {
        Meter(label: "specsearch_searches_running", factory: factory).set(running)
        Meter(label: "specsearch_searches_queued", factory: factory).set(queued)
    }

    private func tokens(_ usage: Usage) {
        for (role, work) in usage.models {
            Counter(label: "specsearch_tokens_total", dimensions: [("role", role.rawValue)], factory: factory)
                .increment(by: work.evaluatedTokens)
        }
    }

    private func timer(_ label: String, _ dimensions: [(String, String)], _ seconds: Double) {
        CoreMetrics.Timer(label: label, dimensions: dimensions, factory: factory)
            .recordNanoseconds(Int64(max(0, seconds) * 1e9))
    }
}
