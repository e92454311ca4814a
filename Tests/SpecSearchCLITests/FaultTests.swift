import Foundation
import Testing

/// What goes wrong around a command: its files, its streams, its settings.
@Suite struct FaultTests {
    /// One that the shipped models solve by every method.
    private static let problem =
        "Mia has 47 shells. Mia finds 68 more. Mia sells 29. Mia doubles the pile. Mia lends 54. "
        + "Mia halves the pile. Mia wins 85 more. Mia loses 37. How many shells does Mia have now?"
    private static let small = ["--beams", "2", "--width", "2"]
    private static let shipped = ["--models", Program.models]

    // MARK: Streams

    @Test func `A full standard output is told, and the status is 1`() async throws {
        for command in [
            ["solve", "--example"] + Self.shipped + Self.small, ["devices"], ["models", "list"],
            ["plan", "--draft-parameters", "1e9", "--target-parameters", "7e10", "--prm-parameters", "7e9"]
                + ["--bandwidth", "3000", "--flops", "900", "--acceptance", "0.8", "--token-acceptance", "0.8"]
                + ["--step-tokens", "60", "--steps", "9"],
        ] {
            let run = try await Program.run(command, output: "/dev/full")
            #expect(run.status == 1 && run.errors.contains("Standard output cannot be written: No space"), "\(run.all)")
        }
    }

    @Test(
        "Standard input that cannot be read is told, and no signal ends the program",
        arguments: [
            (#""$S" solve < /"#, "Standard input cannot be read: Is a directory."),
            (#""$S" solve - < /"#, "Standard input cannot be read: Is a directory."),
            (#""$S" solve <&-"#, "Standard input cannot be read: Bad file descriptor."),
            (#""$S" solve < /dev/zero"#, "Standard input has more than 16 MiB"),
            (#""$S" solve < /dev/null"#, "Standard input holds no problem."),
            (#""$S" grade < /"#, "Standard input cannot be read"),
            (#""$S" solve --input - < /"#, "Standard input cannot be read: Is a directory."),
        ])
    func input(_ script: String, _ expected: String) async throws {
        let run = try await Program.shell(script)
        #expect(run.status == 64 && run.errors.contains(expected), "\(run.all)")
    }

    @Test(
        "A program that cannot be read, or begins no function, is told before any model is loaded",
        arguments: [
            (#""$S" solve --program none.py"#, 64, "none.py cannot be read: No such file"),
            (#""$S" solve --program /"#, 64, "/ cannot be read: "),
            (
                #"printf '\377' > /tmp/$$.py; "$S" solve --program /tmp/$$.py; s=$?; rm /tmp/$$.py; exit $s"#, 64,
                "UTF-8"
            ),
            (#"printf 'x = 1\n' | "$S" solve --program -"#, 1, "The program begins no function"),
            (#"printf 'def f(x):\n' | "$S" solve --program - --method magic"#, 64, "magic"),
            (#"printf 'def f(x):\n' | "$S" solve --program - --width 0"#, 64, "width"),
        ])
    func program(_ script: String, _ status: Int32, _ expected: String) async throws {
        let run = try await Program.shell(script)
        #expect(run.status == status && run.errors.contains(expected), "\(run.all)")
        #expect(!run.errors.contains("Loading"), "\(run.all)")
    }

    @Test func `Who no longer reads the progress still gets the answer`() async throws {
        let folder = try TemporaryFolder()
        let problem = try folder.write(Self.problem, to: "problem")
        let run = try await Program.shell(
            #"exec 3>&1; { "$S" solve --models "\#(Program.models)" --method specsearch --beams 2 --width 2 - "#
                + #"< "\#(problem)" 2>&1 >&3; echo "status $?" >&3; } | true"#)
        #expect(run.output.contains("Answer  107") && run.output.contains("status 0"), "\(run.all)")
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `An echo of a signal does not take the best so far`(signal: Int32) async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.problem, to: "problem")
        let name = signal == SIGINT ? "INT" : "TERM"
        let run = try await Program.shell(
            #"cd "\#(folder.path)"; (while ! [ -s errors ]; do sleep 0.05; done; "#
                + #"for n in 1 2 3 4 5; do kill -\#(name) $(cat id); sleep 0.01; done) 2>/dev/null & "#
                + #"sh -c 'echo $$ >id; exec "$S" solve --models "\#(Program.models)" --search mcts --iterations 1000 "#
                + #"--width 16 --method ar --temperature 2 - <problem 2>errors'; echo "status $?""#)
        #expect(run.output.contains("interrupted") && run.output.contains("status \(128 + signal)"), "\(run.all)")
    }

    @Test func `A closed standard output is told, and no file takes its place`() async throws {
        let run = try await Program.shell(#""$S" devices >&-"#)
        #expect(run.status == 1 && run.errors.contains("Standard output cannot be written: Bad file"), "\(run.all)")
    }

    @Test func `A dash is standard input`() async throws {
        let folder = try TemporaryFolder()
        let problem = try folder.write(
            "\(Self.problem)\n", to: "problem")
        let run = try await Program.shell(
            #""$S" solve - --quiet --models "\#(Program.models)" --method specsearch --beams 2 --width 2 < "\#(problem)""#
        )
        #expect(run.status == 0 && run.output == "107\n" && run.errors.isEmpty, "\(run.all)")
    }

    // MARK: Files

    @Test func `What is kept of models stands in the home that the environment names`() async throws {
        let folder = try TemporaryFolder()
        let run = try await Program.run(
            ["solve", "--example", "--quiet"] + Self.shipped + Self.small,
            environment: ["HOME": folder.path, "XDG_CACHE_HOME": ""])
        #expect(run.status == 0, "\(run.all)")
        #expect(FileManager.default.fileExists(atPath: folder.file(".cache/specsearch/fit")))
    }

    @Test func `No output takes the place of what is read, and an empty name is none`() async throws {
        let folder = try TemporaryFolder()
        let trace = folder.file("trace.jsonl")
        let run = try await Program.run(["solve", "--example", "--trace", trace] + Self.shipped + Self.small)
        #expect(run.status == 0, "\(run.all)")
        let before = try String(contentsOfFile: trace, encoding: .utf8)
        for arguments in [["view", trace, "-o", trace], ["view", trace, "--output", folder.path + "/./trace.jsonl"]] {
            let run = try await Program.run(arguments)
            #expect(run.status == 64 && run.errors.contains("is what the command reads"), "\(run.all)")
        }
        #expect(try String(contentsOfFile: trace, encoding: .utf8) == before)
        let draft = Program.models + "/draft.gguf"
        let over = try await Program.run(["solve", "--example", "--trace", draft] + Self.shipped + Self.small)
        #expect(over.status == 64 && over.errors.contains("is what the command reads"), "\(over.all)")
        for arguments in [
            ["view", trace, "-o", ""], ["evaluate", "--output", ""], ["report", folder.path, "--output", ""],
            ["solve", "--example", "--trace", ""], ["solve", "--example", "--models", ""],
            ["solve", "--example", "--draft", ""],
        ] {
            let run = try await Program.run(arguments)
            #expect(run.status == 64 && run.errors.contains("mpty"), "\(arguments): \(run.all)")
        }
    }

    @Test func `An empty trace is not viewed, one whose last line is torn is, and neither is replayed`() async throws {
        let folder = try TemporaryFolder()
        let trace = folder.file("trace.jsonl")
        _ = try await Program.run(["solve", "--example", "--trace", trace] + Self.shipped + Self.small)
        let text = try String(contentsOfFile: trace, encoding: .utf8)
        let empty = try folder.write("", to: "empty.jsonl")
        let torn = try folder.write(String(text.dropLast(40)), to: "torn.jsonl")
        for (file, status) in [(empty, Int32(1)), (torn, 0)] {
            let view = try await Program.run(["view", file])
            #expect(view.status == status, "\(view.all)")
            let replay = try await Program.run(["replay", file])
            #expect(replay.status == 1, "\(replay.all)")
        }
    }

    @Test func `A trace with any line missing is not replayed`() async throws {
        let folder = try TemporaryFolder()
        let trace = folder.file("trace.jsonl")
        let run = try await Program.run(
            ["solve", "--example", "--trace", trace, "--depth", "2"] + Self.shipped + Self.small)
        #expect(run.status == 0, "\(run.all)")
        let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").map(String.init)
        try #require(lines.count > 5)
        for missing in lines.indices {
            var rest = lines
            rest.remove(at: missing)
            let cut = try folder.write(rest.joined(separator: "\n") + "\n", to: "cut.jsonl")
            let replay = try await Program.run(["replay", cut])
            #expect(replay.status == 1, "\(lines[missing].prefix(80))")
        }
    }

    // MARK: Runs

    private func problems(_ folder: TemporaryFolder) throws -> String {
        let long = String(repeating: "Mia finds 2 more. ", count: 400)
        return try folder.write(
            """
            {"id":"short","problem":"\(Self.problem)","answer":"107"}
            {"id":"long","problem":"Mia has 47 shells. \(long)How many shells does Mia have now?","answer":"847"}
            {"id":"other","problem":"Ana has 9 pens. Ana loses 3. How many pens does Ana have now?","answer":"6"}

            """, to: "problems.jsonl")
    }

    private struct Summary: Decodable {
        struct Method: Decodable {
            var method: String
            var problems: Int
            var failures: Int
        }
        struct Failure: Decodable {
            var method: String
            var problem: String
        }
        var methods: [Method]
        var failed: [Failure]
    }

    @Test func `A failed search is named and left out, the run ends with its table and status 1, again when resumed`()
        async throws
    {
        let folder = try TemporaryFolder()
        let arguments =
            ["evaluate", "--output", folder.file("run"), "--dataset", try problems(folder), "--methods", "ar,draft"]
            + Self.shipped + Self.small
        for more in [[], ["--resume"]] {
            let run = try await Program.run(arguments + ["--json"] + more)
            #expect(run.status == 1, "\(run.all)")
            let summary = try JSONDecoder().decode(Summary.self, from: Data(run.output.utf8))
            #expect(summary.methods.map(\.problems) == [3, 3] && summary.methods.map(\.failures) == [1, 1])
            #expect(summary.failed.map(\.problem) == ["long", "long"])
        }
        let text = try await Program.run(["evaluate", "--output", folder.file("run"), "--resume"])
        #expect(text.status == 1 && text.output.contains("2 searches failed"), "\(text.all)")
        #expect(text.output.split(separator: "\n").filter { $0.hasPrefix("|") }.allSatisfy { $0.count <= 80 })
    }

    @Test func `A run that failed at its settings does not stand in the way of the corrected command`() async throws {
        let folder = try TemporaryFolder()
        let arguments =
            ["evaluate", "--output", folder.file("run"), "--dataset", try problems(folder), "--ids"]
            + [try folder.write("short\n", to: "ids")] + Self.shipped + Self.small
        let wrong = try await Program.run(arguments + ["--variant", "a: method=ar, target=none.gguf"])
        #expect(wrong.status == 1 && wrong.errors.contains("none.gguf"), "\(wrong.all)")
        let right = try await Program.run(arguments + ["--variant", "a: method=ar"])
        #expect(right.status == 0, "\(right.all)")
        let third = try await Program.run(arguments + ["--variant", "a: method=ar"])
        #expect(third.status == 1 && third.errors.contains("holds a run already"), "\(third.all)")
    }

    // MARK: Many problems

    private struct Line: Decodable {
        var id: String
        var answer: String?
        var error: String?
    }

    @Test
    func `Problems of a file give a line each, a failed one does not end the others, and what is solved is left out`()
        async throws
    {
        let folder = try TemporaryFolder()
        let file = try problems(folder)
        let more = try String(contentsOfFile: file, encoding: .utf8) + "not json\n{\"id\":5}\n"
        try more.write(toFile: file, atomically: true, encoding: .utf8)
        let arguments = ["solve", "--input", file, "--method", "ar"] + Self.shipped + Self.small
        func lines(_ text: String) throws -> [Line] {
            try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        }
        let run = try await Program.run(arguments)
        let found = try lines(run.output)
        #expect(run.status == 1 && found.map(\.id) == ["short", "long", "other", "4", "5"], "\(run.all)")
        #expect(found.map { $0.error == nil } == [true, false, true, false, false], "\(run.output)")
        #expect(found[0].answer == "107")
        // Torn by a kill within the last line.
        let results = try folder.write(String(run.output.prefix { $0 != "\n" }) + "\n{\"id\":\"oth", to: "results")
        let rest = try await Program.run(arguments + ["--resume", results])
        #expect(try lines(rest.output).map(\.id) == ["long", "other", "4", "5"], "\(rest.all)")
        #expect(rest.output.hasPrefix("\n"))
        let whole = try await Program.run(arguments + ["--json"])
        #expect(try lines(whole.output).map(\.id) == found.map(\.id))
    }

    // MARK: Models

    @Test func `The shipped files named one by one answer as the set does`() async throws {
        let run = try await Program.run(
            ["solve", "--example", "--quiet", "--method", "specsearch", "--draft", Program.models + "/draft.gguf"]
                + ["--target", Program.models + "/target.gguf", "--prm", Program.models + "/prm.gguf"])
        #expect(run.status == 0 && run.output == "107\n", "\(run.all)")
    }

    @Test func `The shipped models say that they know one kind of problem, where they are asked another`() async throws
    {
        let run = try await Program.run(["solve", "What is 2+2?"] + Self.small)
        #expect(run.status == 0 && run.errors.contains("know one kind of problem"), "\(run.all)")
        #expect(run.errors.contains("models pull"), "\(run.all)")
        let example = try await Program.run(["solve", "--example"] + Self.small)
        #expect(!example.errors.contains("know one kind of problem"), "\(example.all)")
    }

    @Test func `Another folder named Models is not the shipped set, and a copied program finds that`() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("Models"), withIntermediateDirectories: true)
        _ = try folder.write("{}", to: "Models/manifest.json")
        let script =
            #"cd "\#(folder.path)" && cp "$S" copy && ./copy solve --example --quiet --method specsearch --beams 2 --width 2"#
        let run = try await Program.shell(script)
        #expect(run.status == 0 && run.output == "107\n", "\(run.all)")
    }
}
