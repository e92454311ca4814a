#if Cluster
    internal import Foundation
    public import SpecSearch
    internal import Synchronization

    /// A server that speaks vLLM's dialect and holds a model with a known distribution: what it generates is a function of
    /// the prompt's ids and the seed, so two runs that differ only in faults must agree.
    ///
    /// ```swift
    /// let server = ScriptedServer()
    /// try await server.start()
    /// server.disturb { request in request.index < 3 ? .json("{}", status: 500) : nil }
    /// ```
    /// Tokens are the UTF-8 bytes of the text, and 0 ends a text.
    public final class ScriptedServer: Sendable {
        /// A fault: the answer that a request gets in place of its own; nil for its own.
        public typealias Disturbance = @Sendable (FaultServer.Request) -> FaultServer.Reply?

        /// The server's settings.
        public struct Configuration: Sendable {
            /// Steps of a solution, the last included.
            public var depth = 5
            /// The time of each answer.
            public var latency: Duration?
            /// The time of each answer for each token that is generated.
            public var latencyPerToken: Duration?
            /// Prompts of more ids are refused.
            public var contextLength = 100_000
            /// The key that is asked for.
            public var apiKey: String?
            /// Requests beyond this many at once are refused with 503.
            public var queue: Int?

            public init() {}
        }

        public let server: FaultServer
        private let box: Box

        /// What the answering tasks share.
        private final class Box: Sendable {
            let disturbance = Mutex<Disturbance?>(nil)
            let inFlight = Atomic(0)
        }

        public init(_ configuration: Configuration = Configuration()) {
            let box = Box()
            self.box = box
            server = FaultServer { request in
                if let reply = box.disturbance.withLock({ $0 })?(request) { return reply }
                if let key = configuration.apiKey, request.headers["authorization"] != "Bearer \(key)" {
                    return .json(#"{"error":"Unauthorized"}"#, status: 401)
                }
                let running = box.inFlight.add(1, ordering: .relaxed).newValue
                defer { box.inFlight.subtract(1, ordering: .relaxed) }
                if let queue = configuration.queue, running > queue {
                    return .json(
                        #"{"error":{"message":"queue full","type":"Service Unavailable","code":503}}"#, status: 503)
                }
                let (reply, generated) = Self.answer(request, configuration)
                var time = configuration.latency ?? .zero
                if let perToken = configuration.latencyPerToken { time += perToken * generated }
                if time > .zero { try? await Task.sleep(for: time) }
                return reply
            }
        }

        /// Has requests disturbed from now on; nil for no more.
        public func disturb(_ disturbance: Disturbance?) { box.disturbance.withLock { $0 = disturbance } }

        /// Listens.
        public func start() async throws { try await server.start() }
        /// Dies as by `kill -9`.
        public func kill() async { await server.kill() }
        public var url: String { server.url }
        public var counts: FaultServer.Counts { server.counts }

        // MARK: The distribution

        /// The text that it generates after a prompt for a seed, and whether it is the last step.
        public static func thought(after prompt: [Token], seed: Int, depth: Int) -> (text: String, isLast: Bool) {
            let steps = zip(prompt, prompt.dropFirst()).count { $0 == 10 && $1 == 10 }
            let value = hash(prompt, UInt64(bitPattern: Int64(seed))) % 7
            // The prompt's own blank line is the first.
            return steps >= depth ? ("The answer is \(value)", true) : ("step \(steps) finds \(value).\n\n", false)
        }

        /// The score that it gives a prompt, from 0 to 1.
        public static func score(_ prompt: [Token]) -> Double { Double(hash(prompt, 1) >> 11) * 0x1p-53 }

        /// The probability that it gives each token of a prompt after those before it; 1 for the first.
        public static func probabilities(of prompt: [Token]) -> [Double] {
            prompt.indices.map { $0 == 0 ? 1 : 0.5 + score(Array(prompt[...$0])) / 2 }
        }

        private static func hash(_ tokens: [Token], _ salt: UInt64) -> UInt64 {
            var value = tokens.reduce(0xcbf2_9ce4_8422_2325 ^ salt) {
                ($0 ^ UInt64(truncatingIfNeeded: $1)) &* 0x100_0000_01b3
            }
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }

        // MARK: vLLM's dialect

        private struct Body: Decodable {
            enum Prompt: Decodable {
                case tokens([Token]), text(String)
                init(from decoder: any Decoder) throws {
                    let value = try decoder.singleValueContainer()
                    if let text = try? value.decode(String.self) {
                        self = .text(text)
                    } else {
                        self = .tokens(try value.decode([Token].self))
                    }
                }
            }
            var prompt: Prompt?
            var input: [Token]?
            var n: Int?
            var maxTokens: Int?
            var seed: Int?
            var logprobTokenIds: [Token]?
            var promptLogprobs: Int?
        }

        private static func answer(
            _ request: FaultServer.Request, _ configuration: Configuration
        ) -> (FaultServer.Reply, tokens: Int) {
            switch request.path {
            case "/health": return (.json("{}"), 0)
            case "/version": return (.json(#"{"version":"scripted"}"#), 0)
            case "/v1/models":
                return (.json(#"{"data":[{"id":"scripted","max_model_len":\#(configuration.contextLength)}]}"#), 0)
            default: break
            }
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            guard let body = try? decoder.decode(Body.self, from: Data(request.body)) else {
                return (.json(#"{"error":{"message":"bad JSON","type":"BadRequestError","code":400}}"#, status: 400), 0)
            }
            switch (request.path, body.prompt, body.input) {
            case ("/tokenize", .text(let text)?, _):
                let ids = text.utf8.map(String.init).joined(separator: ",")
                return (.json(#"{"count":\#(text.utf8.count),"tokens":[\#(ids)]}"#), 0)
            case ("/v1/completions", .tokens(let prompt)?, _):
                guard prompt.count <= configuration.contextLength else {
                    return (
                        .json(
                            #"{"error":{"message":"maximum context length is \#(configuration.contextLength)","code":400}}"#,
                            status: 400), 0
                    )
                }
                return completion(prompt, body, configuration)
            case ("/pooling", _, let input?):
                let rows = input.indices.filter { input[$0] == 1 }.map { place -> String in
                    let score = score(Array(input[...place]))
                    return "[\(1 - score),\(score)]"
                }
                return (
                    .json(#"{"data":[{"index":0,"object":"pooling","data":[\#(rows.joined(separator: ","))]}]}"#), 0
                )
            default: return (.json(#"{"detail":"Not Found"}"#, status: 404), 0)
            }
        }

        private static func completion(
            _ prompt: [Token], _ body: Body, _ configuration: Configuration
        ) -> (FaultServer.Reply, tokens: Int) {
            var choices: [String] = []
            var generated = 0
            for index in 0..<(body.n ?? 1) {
                var members = "\"index\":\(index)"
                if let labels = body.logprobTokenIds, labels.count == 2 {
                    let score = score(prompt)
                    members += #","text":"+","finish_reason":"length","stop_reason":null,"token_ids":[\#(labels[0])]"#
                    members += #","logprobs":{"top_logprobs":[{"token_id:\#(labels[0])":\#(log(max(score, 1e-9)))"#
                    members += #","token_id:\#(labels[1])":\#(log(max(1 - score, 1e-9)))}]}"#
                } else if body.promptLogprobs != nil {
                    let entries = zip(prompt, probabilities(of: prompt)).enumerated().map { place, entry in
                        place == 0 ? "null" : #"{"\#(entry.0)":{"logprob":\#(log(entry.1))}}"#
                    }
                    members += #","text":"x","finish_reason":"length","stop_reason":null,"token_ids":[120]"#
                    members += ",\"prompt_logprobs\":[\(entries.joined(separator: ","))]"
                } else {
                    let (text, isLast) = thought(
                        after: prompt, seed: (body.seed ?? 0) + index, depth: configuration.depth)
                    var ids = text.utf8.map(Token.init)
                    if isLast { ids.append(0) }
                    let isCut = ids.count > body.maxTokens ?? 16
                    if isCut { ids = Array(ids.prefix(body.maxTokens ?? 16)) }
                    generated = max(generated, ids.count)
                    let shown = isCut ? String(decoding: ids.map { UInt8($0) }, as: UTF8.self) : text
                    members += ",\"text\":\"\(shown.replacingOccurrences(of: "\n", with: "\\n"))\""
                    members += ",\"finish_reason\":\"\(isCut ? "length" : "stop")\""
                    members += ",\"stop_reason\":\(isCut || isLast ? "null" : "\"\\n\\n\"")"
                    members += ",\"token_ids\":[\(ids.map(String.init).joined(separator: ","))]"
                }
                choices.append("{\(members)}")
            }
            let usage = #""usage":{"prompt_tokens":\#(prompt.count),"completion_tokens":\#(generated)}"#
            return (.json("{\"choices\":[\(choices.joined(separator: ","))],\(usage)}"), generated)
        }
    }
#endif
