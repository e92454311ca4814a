import AsyncHTTPClient
import Foundation
import HTTPTypes
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Synchronization
import Testing

private let soakSeconds = Double(ProcessInfo.processInfo.environment["SPECSEARCH_SOAK"] ?? "") ?? 0

/// Everything that costs memory, for SPECSEARCH_SOAK seconds (`make soak`), in a process of its own.
@Suite(.enabled(if: soakSeconds > 0)) struct SoakTests {
    /// The most bytes that the server may have without a model.
    private static let cap = 512 << 20

    private static let traffic: [(path: String, body: String, status: Int)] = [
        ("/v1/completions", #"{"prompt":"What is 7"}"#, 200),
        ("/v1/chat/completions", #"{"stream":true,"messages":[{"role":"user","content":"What is 7"}]}"#, 200),
        // Ten thousand nodes, and all that happened to them.
        ("/v1/completions", wide(#""prompt":"What is 7""#), 200),
        ("/v1/completions", wide(#""stream":true,"prompt":"What is 7""#), 200),
        ("/v1/searches", wide(#""problem":"What is 7""#, trace: false), 201),
        ("/v1/completions", #"{"prompt":"\#(String(repeating: "x", count: 32 << 20))"}"#, 413),
        ("/v1/completions", #"{"prompt":"\#(String(repeating: "x", count: 1 << 20))"}"#, 400),
        ("/v1/chat/completions", #"{"messages":[\#(manyMessages)]}"#, 400),
        ("/v1/completions", String(repeating: "[", count: 1 << 20), 400),
    ]
    private static let manyMessages = Array(repeating: #"{"role":"user","content":"x"}"#, count: 10_000)
        .joined(separator: ",")

    private static func wide(_ start: String, trace: Bool = true) -> String {
        "{\(start),"
            + #""specsearch":{"search":"mcts","iterations":1000,"width":10,"method":"ar","return_trace":\#(trace)}}"#
    }

    @Test func `memory stays under its cap, and does not grow`() async throws {
        let record = Record()
        try await withServer(WideModel.make()) { client, server in
            let port = try #require(client.port)
            let first = try await client.post(Self.traffic[2].path, Self.traffic[2].body)
            let generated = try first.value("usage", "specsearch", "target_tokens") as? Int
            // Ten thousand thoughts of about ten tokens.
            #expect(generated ?? 0 > 80_000)
            let end = ContinuousClock.now + .seconds(soakSeconds)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<4 {
                    group.addTask {
                        var turn = lane * 2
                        while ContinuousClock.now < end {
                            let (path, body, status) = Self.traffic[turn % Self.traffic.count]
                            turn += 1
                            do {
                                let code = try await client.post(path, body).status.code
                                #expect(code == status, "\(body.prefix(60))")
                                record.answer(code)
                            } catch let error as HTTPClientError where error == .deadlineExceeded {
                                // The client hangs up on a machine that is slow, which costs no memory either.
                                record.answer(0)
                            } catch {
                                // A body that is refused at once may break the connection under its sender.
                                #expect(status == 413, "\(error)")
                            }
                        }
                    }
                }
                group.addTask {
                    while ContinuousClock.now < end {
                        // A reader that asks for much and takes nothing.
                        let connection = try Connection(port: port)
                        connection.post(Self.traffic[3].path, Self.traffic[3].body)
                        try await Task.sleep(for: .seconds(3))
                    }
                }
                group.addTask {
                    while ContinuousClock.now < end {
                        record.measure()
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                try await group.waitForAll()
            }
            try await server.idle()
        }
        let seen = record.memory
        let (early, late) = (seen[seen.count / 4..<seen.count / 2], seen[(seen.count * 3 / 4)...])
        let (before, after) = (early.reduce(0, +) / max(1, early.count), late.reduce(0, +) / max(1, late.count))
        let most = seen.max() ?? 0
        print(
            "answers \(record.answers), memory: most \(most >> 20) MiB, mean of the second quarter "
                + "\(before >> 20) MiB, of the last \(after >> 20) MiB")
        #expect(most <= Self.cap)
        #expect(Double(after) <= 1.1 * Double(before))
    }

    private final class Record: Sendable {
        private let state = Mutex((answers: [Int: Int](), memory: [Int]()))

        /// Answers by status.
        var answers: [Int: Int] { state.withLock { $0.answers } }
        /// Resident bytes, second by second.
        var memory: [Int] { state.withLock { $0.memory } }

        func answer(_ status: Int) { state.withLock { $0.answers[status, default: 0] += 1 } }

        func measure() {
            let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
            let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            state.withLock { $0.memory.append(pages * Int(getpagesize())) }
        }
    }
}

/// An engine with a thousand next steps everywhere, and an answer after a dozen.
private enum WideModel {
    static func make() -> ServedModel {
        ServedModel(
            id: "wide",
            engine: Engine(
                draft: model(.draft), target: model(.target),
                rewardModel: ScriptedRewardModel { path in
                    RandomKey(
                        seed: RandomKey.hash(path.text), problem: 0, depth: 0, node: 0, role: .rewardModel
                    ).uniform(position: 0, purpose: .search)
                }))
    }

    private static func model(_ role: ModelRole) -> ScriptedModel {
        ScriptedModel(
            role,
            choose: { path, key in
                if path.depth >= 12 { return .init("The answer is 7.", stop: .endOfSequence) }
                return .init("thought \(Int(key.uniform(position: 0, purpose: .token) * 1000))\n\n")
            })
    }
}
