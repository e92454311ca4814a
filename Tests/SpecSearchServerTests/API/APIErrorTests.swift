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

    @Test(arguments: [
        (SpecSearchError.Code.cacheOverflow, 503, "busy"), (.unavailable, 503, "unavailable"),
        (.contextOverflow, 400, "context_length_exceeded"), (.unsupported, 400, "unsupported"),
        (.badSetting, 500, "bad_setting"), (.computeFailed, 500, "computeFailed"),
    ])
    func `a search that fails for want of room is not the caller's fault`(
        code: SpecSearchError.Code, status: Int, name: String
    ) {
        let error = APIError(failureOf: SpecSearchError(code, "It failed."), param: "messages")
        #expect(error.statusCode == status && error.code == name)
        #expect((error.param == "messages") == (status == 400))
        #expect((error.retryAfter != nil) == (status == 503))
    }

    @Test func `a client that went away is no error of the server`() {
        #expect(APIError(CancellationError()).statusCode == 499)
    }

    @Test func `unexpected failures tell nothing of the inside`() {
        struct Secret: Error { let path = "/home/me" }
        #expect(APIError(Secret()).statusCode == 500)
        #expect(!APIError(Secret()).message.contains("home"))
    }
}
