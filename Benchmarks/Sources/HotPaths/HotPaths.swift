import CKernels
import Foundation
import SpecSearch
import SpecSearchTesting

/// Something that a search does again and again.
public struct HotPath: Sendable {
    public let name: String
    /// Does it so many times.
    public let run: @Sendable (Int) async throws -> Void

    /// All of them; vocabularies are those of the shipped models, of Llama 2 and of Qwen2.5.
    public static let all: [HotPath] =
        [512, 32_768, 151_936].flatMap(kernels) + [scalarSoftmax(151_936), randomNumbers, search, trace]

    /// Logits like a language model's: most of the mass on few tokens.
    private static func logits(_ count: Int, seed: UInt64) -> [Float] {
        let key = RandomKey(seed: seed, problem: 0, depth: 0, node: 0, role: .draft)
        return (0..<count).map { position in
            let uniform = Float(key.uniform(position: position, purpose: .token))
            return 12 * uniform * uniform * uniform
        }
    }

    private static func kernels(_ count: Int) -> [HotPath] {
        let x = logits(count, seed: 1)
        let y = logits(count, seed: 2)
        let size = Int32(count)
        let softmax = { @Sendable (row: [Float], weights: inout [Float]) in
            let best = row[Int(specsearch_argmax(row, size))]
            let total = specsearch_exponentials(row, &weights, size, best, 1.25)
            specsearch_scale(&weights, size, Float(1 / total))
        }
        return [
            HotPath(name: "softmax \(count)") { times in
                var weights = [Float](repeating: 0, count: count)
                for _ in 0..<times { softmax(x, &weights) }
                keep(weights)
            },
            HotPath(name: "draw \(count)") { times in
                var weights = [Float](repeating: 0, count: count)
                softmax(x, &weights)
                var sum = 0
                for turn in 0..<times {
                    sum += Int(specsearch_inverse_cdf(weights, size, Double(turn % 16) / 16))
                }
                keep([Float(sum)])
            },
            HotPath(name: "residual \(count)") { times in
                var p = x
                var q = y
                softmax(x, &p)
                softmax(y, &q)
                var residual = p
                var sum = 0.0
                for _ in 0..<times { sum += specsearch_residual(p, q, &residual, size) }
                keep([Float(sum)])
            },
        ]
    }

    /// What a loop without vectors costs, for the ratio.
    private static func scalarSoftmax(_ count: Int) -> HotPath {
        let x = logits(count, seed: 1)
        return HotPath(name: "scalar softmax \(count)") { times in
            var weights = [Float](repeating: 0, count: count)
            for _ in 0..<times {
                let best = x.max() ?? 0
                var total: Float = 0
                for place in weights.indices {
                    weights[place] = exp((x[place] - best) * 1.25)
                    total += weights[place]
                }
                for place in weights.indices { weights[place] /= total }
            }
            keep(weights)
        }
    }

    private static let randomNumbers = HotPath(name: "random number") { times in
        let key = RandomKey(seed: 1, problem: 2, depth: 3, node: 4, role: .draft)
        var sum = 0.0
        for position in 0..<times { sum += key.uniform(position: position, purpose: .token) }
        keep([Float(sum)])
    }

    /// A whole search on models that take no time: what the method itself costs.
    private static let search = HotPath(name: "search") { times in
        for seed in 0..<times { _ = try await scripted(seed: UInt64(seed)).solve("What is it?") }
    }

    /// Its trace, written and read.
    private static let trace = HotPath(name: "trace") { times in
        var events: [SearchEvent] = []
        for try await event in scripted(seed: 1).events(for: "What is it?") { events.append(event) }
        for _ in 0..<times {
            let data = try SearchTrace(events: events).encoded()
            keep([Float(try SearchTrace(data: data).events.count)])
        }
    }

    private static func scripted(seed: UInt64) -> Search {
        func model(_ role: ModelRole, good: Double) -> ScriptedModel {
            ScriptedModel(role) { path in
                let isLast = path.depth >= 9
                let step = isLast ? "The answer is 42." : "Step \(path.depth) goes on.\n\n"
                return [
                    .init(step, weight: good, stop: isLast ? .endOfSequence : .delimiter),
                    .init("A wrong turn at \(path.depth).\n\n", weight: 1 - good),
                ]
            }
        }
        let rewardModel = ScriptedRewardModel { $0.thoughts.last?.text.hasPrefix("A wrong") == true ? 0.1 : 0.9 }
        var options = SearchOptions()
        options.seed = seed
        return Search(
            Engine(draft: model(.draft, good: 0.6), target: model(.target, good: 0.8), rewardModel: rewardModel),
            options: options)
    }

    /// Has the optimiser believe that somebody reads this.
    @inline(never) private static func keep(_ values: [Float]) {
        if values.first == .infinity { print(values) }
    }
}
