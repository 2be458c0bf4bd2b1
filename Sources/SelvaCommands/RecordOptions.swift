import ArgumentParser
import Selva

#if Exchange
  import Exchange
#endif

/// What a run leaves for other programs as it goes.
struct RecordOptions: ParsableArguments {
  #if Exchange
    @Flag(
      help:
        "Keep the run for TensorBoard too, in its folder tensorboard: losses, pictures and the latent space.")
    var tensorboard = false

    /// - Parameter name: of the recorder that a run which is resumed has.
    static func recorder(
      _ directory: RunDirectory, _ isAsked: Bool, _ name: String? = nil
    ) -> (any RunRecorder)? {
      isAsked || name == TensorBoardRecorder.name ? TensorBoardRecorder(folder: directory.tensorBoard) : nil
    }

    /// Why a run cannot be told to have the recorder of this name; nil where it can.
    static func refusal(of name: String) -> String? {
      name == TensorBoardRecorder.name ? nil : "must be \(TensorBoardRecorder.name), or be left out"
    }
  #else
    var tensorboard: Bool { false }

    static func recorder(
      _ directory: RunDirectory, _ isAsked: Bool, _ name: String? = nil
    ) -> (any RunRecorder)? { nil }

    static func refusal(of name: String) -> String? {
      "must be left out: this selva was built without the trait Exchange"
    }
  #endif
}
