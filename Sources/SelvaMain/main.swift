import SelvaCommands

SelvaCommand.run(Array(CommandLine.arguments.dropFirst()))
