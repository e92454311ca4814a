import Foundation
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Testing

/// The `specsearch` object, its schema and the page's form say what the table of settings says.
@Suite(.timeLimit(.minutes(1))) struct SettingFieldTests {
    /// The settings that a search has by this request.
    private func settings(_ fields: String, _ outer: String = "") throws -> SearchConfiguration {
        let body = #"{"problem":"What is 7","specsearch":{\#(fields)}\#(outer)}"#
        let request = try GenerationRequest(Data(body.utf8), as: .search, limits: ServerConfiguration.Limits())
        let search = try request.search(by: TestModel.make(), limits: ServerConfiguration.Limits())
        return try #require(search.configuration)
    }

    /// A value that is not the usual one, as JSON, and the search or method that it needs.
    private static let samples: [String: (value: String, also: String)] = [
        "preset": (#""rsd""#, ""), "method": (#""ar""#, ""), "search": (#""dvts""#, ""), "beams": ("3", ""),
        "width": ("4", ""),
        "depth": ("9", ""),
        "all_paths": ("true", ""), "keep_beam_full": ("true", ""), "iterations": ("5", #","search":"mcts""#),
        "tree_policy": (#""uct""#, #","search":"mcts""#), "exploration": ("0.5", #","search":"mcts-openr""#),
        "prior": (#""uniform""#, #","search":"mcts-openr""#),
        "rebase_temperature": ("0.3", #","search":"rebase""#), "lookahead": ("2", ""), "draft_factor": ("3", ""),
        "draft_waves": ("2", ""), "target_waves": ("4", ""),
        "draft_steps": ("3", #","search":"chain""#),
        "draft_temperature": ("0.25", ""), "theta": ("0.5", ""), "estimator": (#""fixed:0.25""#, ""),
        "margin": ("0.25", ""),
        "first_threshold": ("0.5", ""), "router": (#""1.5/-2.0/4.0/-0.5/0.125@0.3""#, ""),
        "statistics": (#""target-only""#, ""), "correction": (#""cover""#, ""), "extra_thought": (#""never""#, ""),
        "overlap": ("true", ""), "salvage": ("true", ""),
        "early_rejection": ("0.1", ""), "early_tokens": ("24", #","early_rejection":0.2"#),
        "draft_entropy": ("2.5", ""),
        "gsi_beta": ("7.5", #","method":"gsi""#), "gsi_threshold": ("0.25", #","method":"gsi""#),
        "judge": (#""prm""#, ""), "aggregation": (#""min""#, ""), "answer": (#""vote""#, ""),
        "answer_marker": (#""So ""#, ""), "temperature": ("0.5", ""), "top_k": ("7", ""), "top_p": ("0.5", ""),
        "min_p": ("0.1", ""), "max_tokens": ("77", ""), "delimiter": (#""; ""#, ""), "seed": ("-3", ""),
        "deadline": ("1.5", ""),
        "thought_budget": ("500", ""), "token_budget": ("1000", ""),
    ]

    @Test(arguments: SearchSetting.all.map(\.field)) func `every setting is a field of its name`(field: String) throws {
        let sample = try #require(Self.samples[field], "A new setting needs a value here.")
        let found = try settings(#""\#(field)":\#(sample.value)\#(sample.also)"#)
        let setting = try SearchSetting.required(field)
        let value = try JSONDecoder().decode(SettingValue.self, from: Data(sample.value.utf8))
        #expect(setting.value(in: found)?.description == value.description)
    }

    @Test func `OpenAI's fields go before those in specsearch, and null is nothing`() throws {
        let found = try settings(
            #""temperature":0.25,"top_p":0.5,"seed":1,"beams":null,"return_trace":null"#,
            #","temperature":0.75,"seed":-1,"top_p":0.25"#)
        #expect(found.sampling.temperature == 0.75 && found.sampling.topP == 0.25)
        #expect(found.options.seed == .max)
        #expect(found.beams == 2)
    }

    @Test func `the tokens of an answer bound those of a step, and the server's deadline every search`() throws {
        let found = try settings(#""max_tokens":100"#, #","max_tokens":7"#)
        #expect(found.sampling.maximumTokens == 7 && found.options.maximumDepth == 7)
        #expect(found.options.budget.seconds == 600)
        #expect(try settings(#""max_tokens":100"#).sampling.maximumTokens == 100)
        #expect(try settings(#""deadline":3"#).options.budget.seconds == 3)
    }

    @Test(arguments: [
        // Old names, and others that there never were.
        (#""strategy":"beam""#, "strategy"), (#""beam_width":2"#, "beam_width"), (#""expansions":2"#, "expansions"),
        (#""max_steps":2"#, "max_steps"), (#""prm_threshold":0.5"#, "prm_threshold"),
        (#""deadline_ms":5"#, "deadline_ms"), (#""budget_tokens":5"#, "budget_tokens"),
        (#""keep-beam-full":true"#, "keep-beam-full"),
        // No effect in this search.
        (#""iterations":3"#, "iterations"), (#""theta":0.5,"method":"ar""#, "theta"),
        (#""beams":2,"search":"mcts""#, "beams"), (#""gsi_beta":2"#, "gsi_beta"),
        (#""lookahead":1,"search":"self-consistency""#, "lookahead"),
        // Wrong types.
        (#""beams":"2""#, "beams"), (#""beams":2.5"#, "beams"), (#""beams":true"#, "beams"), (#""beams":[2]"#, "beams"),
        (#""keep_beam_full":1"#, "keep_beam_full"), (#""estimator":7"#, "estimator"),
        (#""answer_marker":"""#, "answer_marker"),
        (#""return_trace":1"#, "return_trace"),
        // Out of the table's range, and of the server's.
        (#""theta":1.5"#, "theta"), (#""search":"x""#, "search"), (#""estimator":"x""#, "estimator"),
        (#""beams":33"#, "beams"), (#""depth":201"#, "depth"), (#""deadline":601"#, "deadline"),
        (#""token_budget":2000000000"#, "token_budget"), (#""temperature":3"#, "temperature"),
        // The judge is the server's.
        (#""judge":"target""#, "judge"), (#""judge":"examples""#, "judge"), (#""estimator":"specreason""#, "estimator"),
    ]) func `a refusal names the field`(fields: String, field: String) throws {
        let error = #expect(throws: APIError.self) { try settings(fields) }
        #expect(error?.statusCode == 400 && error?.type == "invalid_request_error")
        // A list's element is named by its place.
        #expect(error?.param?.hasPrefix("specsearch.\(field)") == true, "\(error?.param ?? "")")
        #expect(error?.message.isEmpty == false)
    }

    @Test func `where an engine has a judge, a request may choose it`() async throws {
        let judge = ScriptedRewardModel { _ in 0.5 }
        try await withServer(TestModel.make(judge: judge)) { client, _ in
            let body = #"{"prompt":"What is 7","specsearch":{"judge":"target"}}"#
            #expect(try await client.post("/v1/completions", body).value("specsearch", "score") as? Double == 0.5)
            #expect(!judge.calls.isEmpty)
            let calls = judge.calls.count
            _ = try await client.post("/v1/completions", #"{"prompt":"What is 7"}"#)
            #expect(judge.calls.count == calls)
        }
    }

    @Test func `limits are those of settings that there are`() {
        var configuration = ServerConfiguration()
        configuration.limits.settings["beams"] = 1...4
        #expect(throws: Never.self) { try SearchServer(model: TestModel.make(), configuration: configuration) }
        for (key, range) in [("beam-width", 1.0...4), ("search", 1...4), ("theta", 2...4)] {
            var wrong = configuration
            wrong.limits.settings[key] = range
            #expect(throws: SpecSearchError.self) { try SearchServer(model: TestModel.make(), configuration: wrong) }
        }
    }

    @Test func `the schema is the table's, within the server's limits`() async throws {
        let judge = ScriptedRewardModel { _ in 0.5 }
        try await withServer(TestModel.make(judge: judge), { $0.limits.settings["width"] = 2...5 }) { client, _ in
            let schema = try await client.get("/openapi.json").value("components", "schemas", "SearchFields")
            let fields = try #require((schema as? [String: Any])?["properties"] as? [String: [String: Any]])
            #expect(Set(fields.keys) == Set(SearchSetting.all.map(\.field) + ["return_trace"]))
            for setting in SearchSetting.all {
                let field = try #require(fields[setting.field])
                let (type, range): (String, ClosedRange<Double>?) =
                    switch setting.domain {
                    case .integer(let range): ("integer", Double(range.lowerBound)...Double(range.upperBound))
                    case .number(let range): ("number", range)
                    case .flag: ("boolean", nil)
                    case .choice, .text: ("string", nil)
                    }
                #expect(field["type"] as? String == type)
                #expect((field["description"] as? String)?.hasPrefix(setting.help) == true)
                if case .choice(let names) = setting.domain {
                    // Programs are not run for requests.
                    #expect(field["enum"] as? [String] == names.filter { $0 != "examples" })
                }
                let bounds = (field["minimum"] as? Double, field["maximum"] as? Double)
                if let range, setting.key != "seed" {
                    let limit = setting.key == "width" ? 2...5 : ServerConfiguration.Limits().settings[setting.key]
                    #expect(bounds.0 == (limit ?? range).lowerBound && bounds.1 == (limit ?? range).upperBound)
                } else {
                    #expect(bounds.0 == nil && bounds.1 == nil)
                }
            }
        }
    }

    @Test func `the page's form has every setting, with its choices and its range`() async throws {
        try await withServer { client, _ in
            let page = try await client.get("/").text
            #expect(!page.contains("<!--settings-->"))
            let fields = page.matches(
                of: /<label title="([^"]+)">[^<]+<(input|select) name="([a-z_]+)"([^>]*)>/)
            #expect(Set(fields.map { String($0.3) }) == Set(SearchSetting.all.map(\.field)))
            for field in fields {
                let setting = try SearchSetting.required(String(field.3))
                #expect(field.1.hasPrefix(setting.help.replacing("<", with: "&lt;").replacing("\"", with: "&quot;")))
                switch setting.domain {
                case .choice(let names):
                    // This engine's target is not asked for grades.
                    let options = names.filter { !["target", "examples"].contains($0) }
                        .map { "<option>\($0)</option>" }.joined()
                    #expect(page.contains("\(options)</select>"))
                case .integer where setting.key == "beams":
                    #expect(field.4.contains(#"min="1" max="32" step="1" placeholder="2""#))
                case .number where setting.key == "theta":
                    #expect(field.4.contains(#"min="0" max="1" step="any" placeholder="0.9""#))
                default: break
                }
            }
        }
    }
}
