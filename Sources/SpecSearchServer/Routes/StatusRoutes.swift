internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// The routes about the server itself, for operators and clients.
struct StatusRoutes: Sendable {
    private struct Status: Encodable {
        var status: String
    }

    private struct Version: Encodable {
        var version: String
        var model: String
    }

    private struct Model: Encodable {
        var id: String
        var object = "model"
        var created: Int
        var owner = "specsearch"

        enum CodingKeys: String, CodingKey {
            case id, object, created
            case owner = "owned_by"
        }
    }

    private struct Models: Encodable {
        var object = "list"
        var data: [Model]
    }

    let runner: SearchRunner
    let prometheus: PrometheusMetrics
    private let created = Int(Date().timeIntervalSince1970)

    init(runner: SearchRunner, prometheus: PrometheusMetrics) {
        self.runner = runner
        self.prometheus = prometheus
    }

    var routes: [Route] {
        let model = Model(id: runner.model.id, created: created)
        return [
            Route(.get, "/health", isPublic: true) { _, _ in try .json(Status(status: "ok")) },
            Route(.get, "/ready", isPublic: true) { _, _ in
                guard !runner.admission.isDraining else { throw APIError.stopping }
                return try .json(Status(status: "ready"))
            },
            Route(.get, "/version") { _, _ in
                try .json(Version(version: ServerVersion.number, model: runner.model.id))
            },
            Route(.get, "/metrics") { _, _ in
                runner.metrics.gauges(running: runner.admission.running, queued: runner.admission.queued)
                return .text(
                    prometheus.text(), type: PrometheusMetrics.contentType, headers: [.cacheControl: "no-store"])
            },
            Route(.get, "/v1/models") { _, _ in try .json(Models(data: [model])) },
            Route(.get, "/v1/models/:id") { _, context in
                try runner.check(model: context.parameters.get("id"))
                return try .json(model)
            },
        ]
    }
}
