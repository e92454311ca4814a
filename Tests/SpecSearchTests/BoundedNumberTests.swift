import Foundation
import SpecSearch
import Testing

@Suite struct BoundedNumberTests {
    @Test(
        "A text is an integer only within its range",
        arguments: [("7", 7), ("0", nil), ("101", nil), ("9223372036854775808", nil), ("1e3", nil), ("", nil)])
    func text(_ text: String, _ expected: Int?) {
        #expect(Int(text, in: 1...100) == expected)
    }

    @Test(
        "A number becomes the nearest integer of a range, whatever it is",
        arguments: [(2.6, 3), (1e300, 1 << 40), (-1e300, 1), (.infinity, 1 << 40), (-.infinity, 1), (.nan, 1)])
    func rounding(_ number: Double, _ expected: Int) {
        #expect(Int(rounding: number, in: 1...1 << 40) == expected)
        #expect(Int(rounding: .greatestFiniteMagnitude, in: 0 ... .max) == .max)
    }

    @Test(
        "Seconds become a duration of at most a year, whatever they are",
        arguments: [(1.5, 1.5), (1e300, 31_536_000), (.infinity, 31_536_000), (-1, 0), (.nan, 0)])
    func seconds(_ seconds: Double, _ expected: Double) {
        #expect(Duration(boundedSeconds: seconds) == .seconds(expected))
    }

    private struct Limited: Decodable {
        var count: Int?
        private enum CodingKeys: CodingKey { case count }
        init(from decoder: any Decoder) throws {
            try decoder.refuseKeys(except: ["count"])
            count = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(.count, in: 1...9)
        }
    }

    @Test(
        "JSON is read within a range, and errors are told in our words",
        arguments: [
            ("{}", nil), (#"{"count":9}"#, nil), (#"{"count":null}"#, nil),
            (#"{"count":10}"#, #""count": it is 10, and lies in 1 ... 9"#),
            (#"{"count":1.5}"#, "a number that does not fit"), (#"{"count":true}"#, #""count" is not a whole number"#),
            (#"{"cuont":1}"#, #"there is no setting "cuont"; there are count"#), ("{", "it is no JSON"),
        ])
    func json(_ text: String, _ expected: String?) {
        do {
            _ = try JSONDecoder().decode(Limited.self, from: Data(text.utf8))
            #expect(expected == nil)
        } catch {
            #expect(error.inWords.contains(expected ?? "nothing"), "\(error.inWords)")
            #expect(!error.inWords.contains("Error") && !error.inWords.contains("Swift"), "\(error.inWords)")
        }
    }

    @Test func `What the system says is told without domains and codes`() {
        let missing = #expect(throws: (any Error).self) {
            try Data(contentsOf: URL(fileURLWithPath: "/nowhere/none"))
        }
        #expect(missing?.inWords.contains("No such file or directory") == true, "\(missing?.inWords ?? "")")
        #expect(SpecSearchError(.ioFailed, "It failed.", remedy: "Try.").inWords == "It failed. Try.")
    }
}
