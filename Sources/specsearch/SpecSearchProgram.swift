import ArgumentParser
import SpecSearchCLI

@main
enum SpecSearchProgram {
    static func main() async {
        await SpecSearchCommand.main(nil)
    }
}
