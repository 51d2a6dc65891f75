package dev.telepath.manager.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code serve}: listens until it is told to stop. */
@Command(name = "serve", mixinStandardHelpOptions = true, description = "Serve until SIGTERM. Makes what init makes.")
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private ServeOptions options;

    @Override
    public Integer call() throws Exception {
        return options.serve();
    }
}
