import SpecSearch
import SpecSearchServer
import Testing

@Suite struct APIErrorTests {
    @Test(arguments: [
        (SpecSearchError.Code.contextOverflow, 400, "context_length_exceeded"), (.badSetting, 400, "bad_setting"),
        (.unsupported, 400, "unsupported"), (.unavailable, 503, "unavailable"), (.badScore, 500, "badScore"),
        (.computeFailed, 500, "computeFailed"), (SpecSearchError.Code("foreign"), 500, "foreign"),
    ])
    func `failures have the status that tells clients what to do`(
        code: SpecSearchError.Code, status: Int, name: String
    ) {
        let error = APIError(SpecSearchError(code, "It failed.", remedy: "Repair it."), param: "place")
        #expect(error.statusCode == status)
        #expect(error.code == name)
        #expect(error.message == "It failed. Repair it.")
        #expect(error.param == (status == 400 ? "place" : nil))
    }

    @Test func `unexpected failures tell nothing of the inside`() {
        struct Secret: Error { let path = "/home/me" }
        #expect(APIError(Secret()).statusCode == 500)
        #expect(!APIError(Secret()).message.contains("home"))
    }
}
