import ArgumentParser
import SpecSearchCLI
import Testing

@Suite struct ArgumentTests {
    @Test(arguments: [
        ["solve", "x", "--method", "magic"], ["solve", "x", "--width", "0"], ["solve", "x", "--theta", "1.5"],
        ["solve", "x", "--estimator", "maximum"], ["solve", "x", "--draft", "a.gguf"], ["solve", "  "],
        ["solve", "x", "--example"], ["solve", "x", "--deadline", "0"], ["bench", "--methods", "ar,magic"],
        ["bench", "--methods", "ar,ar"], ["bench", "--limit", "0"], ["solve", "x", "--threads", "0"], ["unknown"],
    ])
    func `Wrong use is refused with status 64 and the usage`(arguments: [String]) {
        do {
            _ = try SpecSearchCommand.parseAsRoot(arguments)
            Issue.record("\(arguments) was accepted")
        } catch {
            #expect(SpecSearchCommand.exitCode(for: error).rawValue == 64)
            #expect(SpecSearchCommand.fullMessage(for: error).contains("Usage: specsearch"))
        }
    }

    @Test(arguments: [
        ["solve", "x"], ["solve", "--example", "--method", "sps", "--beams", "3", "--estimator", "ucb:1.645"],
        ["bench", "--methods", "ar,sps,specsearch", "--limit", "300", "--seed", "1", "--json"],
        ["solve", "x", "--draft", "a", "--target", "b", "--prm", "c"], ["replay", "trace.jsonl"],
    ])
    func `Right use is accepted`(arguments: [String]) throws {
        _ = try SpecSearchCommand.parseAsRoot(arguments)
    }
}
