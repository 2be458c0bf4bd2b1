#if Exchange
  import ArgumentParser
  import Exchange
  import Files
  import Selva

  /// `selva export`: models for other programs.
  struct ModelExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export", abstract: "Write a model for other programs.",
      subcommands: [ONNXExportCommand.self])
  }

  extension ExportedPart: ExpressibleByArgument {
    var fileName: String { "\(rawValue).onnx" }
  }

  /// `selva export onnx`: the parts of a model as graphs of ONNX.
  struct ONNXExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "onnx",
      abstract: "Write a model's encoder, decoder and prior as ONNX files.",
      discussion: """
        Three files, each with a batch of any size:
        encoder.onnx: images (from 0 to 1) -> mean, log_variance
        decoder.onnx: z -> images, and logits or location
        prior.onnx: noise from N(0, I) -> z; with a prior mixture or vamp noise and uniform, draws from U(0, 1)
        Images are [batch, height, width], in colour with the channels last. Of a model with labels, encoder and \
        decoder also take labels. The operators are those of opset 20.

        Examples:
          selva export onnx
          selva export onnx runs/003 -o web/model
          selva export onnx --part decoder -o decoder.onnx
        """)

    @OptionGroup var model: ModelArgument

    @Option(
      name: [.customShort("o"), .long],
      help: ArgumentHelp(
        "The folder to write the files into, or with --part a .onnx file; left out, the folder onnx beside the model.",
        valueName: "folder|file"), completion: Offer.data)
    var output: String?

    @Option(help: "One part alone, as one file.")
    var part: ExportedPart?

    private static func isFile(_ path: String) -> Bool { path.lowercased().hasSuffix(".onnx") }

    func validate() throws {
      guard let output else { return }
      if output == "-" || output.isEmpty { throw ValidationError("--output must name a folder or a file.") }
      if part == nil && Self.isFile(output) {
        throw ValidationError("A .onnx file holds one part; say which with --part, or name a folder.")
      }
      if part != nil && !Self.isFile(output) {
        throw ValidationError("--output must name a .onnx file where --part names one part.")
      }
    }

    func run() throws {
      let (model, path) = try model.load()
      try MemoryNeed.exporting(model.settings).check()
      let parts = part.map { [$0] } ?? ExportedPart.allCases
      if let part {
        let file = output ?? FilePath.beside(path, part.fileName)
        try AtomicFile.write(ONNXFile.bytes(part, of: model, for: file), to: file)
        return tell(file, parts, of: path)
      }
      let folder = output ?? FilePath.beside(path, "onnx")
      try write(parts, of: model, to: folder)
      tell(folder, parts, of: path)
    }

    /// What else is in the folder stays.
    private func write(_ parts: [ExportedPart], of model: VAE, to folder: String) throws {
      func fill(_ temporary: String) throws {
        for part in parts {
          let bytes = try ONNXFile.bytes(part, of: model, for: FilePath.join(folder, part.fileName))
          try AtomicFile.write(bytes, to: FilePath.join(temporary, part.fileName))
        }
      }
      try AtomicFolder.write(to: folder, replaces: { _ in false }, fill)
    }

    private func tell(_ output: String, _ parts: [ExportedPart], of model: String) {
      let names = parts.map(\.rawValue).joined(separator: ", ")
      Console.message("wrote \(output), \(names), from \(ModelOrigin.text(model))")
    }
  }
#endif
