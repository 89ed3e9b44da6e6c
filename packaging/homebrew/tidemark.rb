# The formula's form: `npm run package` writes dist/tidemark.rb of it, with the address and the hash of the package that it made.
class Tidemark < Formula
  desc "Memory profiler for Kokoro-82M text-to-speech on MLX"
  homepage "@homepage@"
  url "@url@"
  sha256 "@sha256@"
  license "MIT"

  depends_on "node"

  # What MLX runs on.
  on_macos do
    depends_on arch: :arm64
    depends_on macos: :sonoma
  end

  on_linux do
    depends_on arch: :x86_64
  end

  def install
    system "npm", "install", *std_npm_args
    bin.install_symlink libexec.glob("bin/*")
  end

  def caveats
    <<~EOS
      To download MLX, the weights, and the voices now, and not with the first measurement:
        tidemark setup
      The daemon is kept running by `brew services start tidemark` or by `tidemark service install`: use one of them.
      Before you uninstall, `tidemark setup --remove` removes what was downloaded; the history stays.
    EOS
  end

  service do
    run [opt_bin/"tidemark", "daemon"]
    environment_variables PATH: std_service_path_env
    # A daemon that ends with 0 was asked to.
    keep_alive successful_exit: false
    # Any other is throttled, which an iteration's time would show.
    process_type :interactive
    log_path var/"log/tidemark.log"
    error_log_path var/"log/tidemark.log"
  end

  test do
    ENV["TIDEMARK_HOME"] = testpath
    assert_match version.to_s, shell_output("#{bin}/tidemark --version")
    assert_match "The daemon is not running.", shell_output("#{bin}/tidemark status", 4)
  end
end
