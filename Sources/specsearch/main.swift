import SpecSearchCLI

await SpecSearchCommand.main()
