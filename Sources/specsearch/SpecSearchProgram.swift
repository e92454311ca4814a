import ArgumentParser
import SpecSearchCLI

@main
enum SpecSearchProgram {
    static func main() async {
        SpecSearchCommand.limitWaiting()
        await SpecSearchCommand.main(SpecSearchCommand.arguments())
    }
}
