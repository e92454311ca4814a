import Foundation
import ModelHub
import SpecSearch
import Testing

@Suite struct CatalogueTests {
    @Test func `The built-in catalogue has the sets that are promised, with the checksums of their files`() throws {
        let catalogue = try Catalogue.builtIn
        let tried = catalogue.entries.filter(\.tried).map(\.name)
        #expect(tried == ["trio", "qwen2.5-coder", "smollm2", "smollm2-qwen2.5-coder"])
        let coder = try #require(catalogue["qwen2.5-coder"])
        #expect(coder.roles[.draft]?.size == 491_400_064)
        #expect(coder.roles[.target]?.sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046")
        #expect(catalogue["smollm2-qwen2.5-coder"]?.roles[.target] == coder.roles[.target])
        #expect(catalogue["smollm2-qwen2.5-coder"]?.roles[.draft] == catalogue["smollm2"]?.roles[.target])
        for entry in catalogue.entries {
            #expect(!entry.summary.isEmpty && !entry.licence.isEmpty && !entry.rewardNote.isEmpty, "\(entry.name)")
            #expect(entry.memory != nil, "\(entry.name)")
            #expect((entry.roles[.rewardModel] != nil) == (entry.rewardModel != nil), "\(entry.name)")
            let areKnown = entry.roles.values.allSatisfy { $0.sha256 != nil && $0.size != nil }
            #expect(areKnown == entry.tried, "\(entry.name)")
        }
    }

    @Test func `The user's catalogue adds and replaces`() throws {
        let bench = try Bench()
        let path = bench.folder + "/mine.json"
        let text = """
            {"sets": [
              {"name": "smollm2", "summary": "mine", "roles": {"target": {"sources": [
                {"hub": "me/My-GGUF", "quant": "Q8_0"}]}}},
              {"name": "own", "roles": {"target": {"sources": [{"hub": "me/My-GGUF", "file": "x.gguf"}]}}}]}
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let catalogue = try Catalogue(bench.environment("http://x", ["SPECSEARCH_CATALOGUE": path]))
        #expect(catalogue["smollm2"]?.summary == "mine")
        #expect(catalogue["own"]?.chatTemplate == "gguf")
        #expect(catalogue.entries.count == (try Catalogue.builtIn.entries.count) + 1)
        let folder = bench.folder + "/.config/specsearch"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: folder + "/models.json", atomically: true, encoding: .utf8)
        #expect(try Catalogue(bench.environment("http://x")) == catalogue)
    }

    @Test func `A catalogue that is named must exist`() async throws {
        let bench = try Bench()
        let environment = bench.environment("http://x", ["SPECSEARCH_CATALOGUE": "/nowhere.json"])
        #expect(await failure { try Catalogue(environment) }?.remedy.contains("SPECSEARCH_CATALOGUE") == true)
        #expect(try Catalogue(bench.environment("http://x")) == Catalogue.builtIn)
    }

    @Test(arguments: [
        ("[]", "sets"), ("{\"sets\": [{}]}", "\"sets[0].name\" is missing"),
        ("{\"sets\": [{\"name\": \"../a\"}]}", "not a name"),
        ("{\"sets\": [{\"name\": \"a\"}]}", "neither roles"),
        ("{\"sets\": [{\"name\": \"a\", \"directory\": \"d\", \"contextLength\": 16777217}]}", "out of range"),
        (role("{\"hub\": \"a/b\"}"), "neither a file nor"), (role("{\"hub\": \"a\", \"file\": \"x\"}"), "repository"),
        (role("{\"hub\": \"a/b\", \"file\": \"../x\"}"), "file that cannot be"),
        (role("{\"package\": \"p\", \"version\": \"1\", \"member\": \"*\"}"), "no place on the hub"),
        (
            role("{\"hub\": \"a/b\", \"file\": \"x\"}, {\"package\": \"p\", \"version\": \"1\", \"member\": \"*\"}"),
            "needs a size"
        ),
        (role("{\"hub\": \"a/b\", \"file\": \"x\"}", more: "\"sha256\": \"12\","), "SHA-256"),
        (role("{\"hub\": \"a/b\", \"file\": \"x\"}", more: "\"size\": 0,"), "size"),
        (role("{\"hub\": \"a/b\", \"file\": \"x\"}", more: "\"size\": 9223372036854775807,"), "size"),
        (
            "{\"sets\": [{\"name\": \"a\", \"directory\": \"d\", \"temprature\": 1}]}",
            "there is no setting \"temprature\""
        ),
    ])
    func `A fault is told with its place`(text: String, fault: String) async throws {
        let error = try #require(await failure { try Catalogue(json: Data(text.utf8), path: "mine.json") })
        #expect(error.code == .badSetting)
        #expect(error.message.contains("mine.json"))
        #expect("\(error)".contains(fault), "\(error)")
    }

    private static func role(_ sources: String, more: String = "") -> String {
        "{\"sets\": [{\"name\": \"a\", \"roles\": {\"target\": {\(more) \"sources\": [\(sources)]}}}]}"
    }

    @Test func `An entry reads as it was written`() throws {
        for entry in try Catalogue.builtIn.entries {
            #expect(try JSONDecoder().decode(CatalogueEntry.self, from: JSONEncoder().encode(entry)) == entry)
        }
    }

    @Test(arguments: [
        ([:], "/u/.cache/huggingface/hub", "/u/.cache/huggingface/specsearch"),
        (["HF_HOME": "/h"], "/h/hub", "/h/specsearch"), (["HF_HOME": "~/h/"], "/u/h/hub", "/u/h/specsearch"),
        (["HF_HOME": "/h", "HF_HUB_CACHE": "/c"], "/c", "/c/specsearch"),
        (["XDG_CACHE_HOME": "/x"], "/x/huggingface/hub", "/x/huggingface/specsearch"),
        (["HF_HUB_CACHE": ""], "/u/.cache/huggingface/hub", "/u/.cache/huggingface/specsearch"),
    ])
    func `The cache is where the hub's programs have it`(
        variables: [String: String], cache: String, own: String
    ) {
        let environment = HubEnvironment(variables.merging(["HOME": "/u"]) { $1 })
        #expect(environment.cache == cache)
        #expect(environment.ownFolder == own)
        #expect(environment.endpoint.absoluteString == "https://huggingface.co")
        #expect(!environment.isOffline)
    }

    @Test func `The token comes from the environment, or from its file`() throws {
        let bench = try Bench()
        try FileManager.default.createDirectory(atPath: bench.folder + "/home", withIntermediateDirectories: true)
        try "hf_file\n".write(toFile: bench.folder + "/home/token", atomically: true, encoding: .utf8)
        try "hf_other".write(toFile: bench.folder + "/other", atomically: true, encoding: .utf8)
        #expect(bench.environment("http://x/").token == "hf_file")
        #expect(bench.environment("http://x/").endpoint.absoluteString == "http://x")
        #expect(bench.environment("http://x", ["HF_TOKEN": "hf_a\r\nX: y"]).token == "hf_aX: y")
        #expect(bench.environment("http://x", ["HF_TOKEN_PATH": bench.folder + "/other"]).token == "hf_other")
        #expect(bench.environment("http://x", ["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]).token == nil)
        #expect(bench.environment("http://x", ["HF_HUB_OFFLINE": "true"]).isOffline)
    }
}
