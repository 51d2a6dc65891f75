package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tp files}. */
@CommandLine.Command(name = "files", description = "copy the files of an engaged workload, or bring a copy up to date")
final class FilesCommand extends Command {
    @Parameters(index = "0", paramLabel = "NAME", description = "name of the engagement")
    String name;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "DIR",
            defaultValue = "",
            description = "where the copy is, or is to be (default: a folder NAME here)")
    String folder;

    @Option(names = "--watch", description = "stay, and copy what changes until Ctrl-C")
    boolean watch;

    FilesCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        try (ControlClient client = invocation.required()) {
            ObjectNode args = Invocation.args()
                    .put("name", name)
                    .put("folder", made().toString())
                    .put("watch", watch);
            if (watch) {
                client.call("files", args, invocation.printer()::line);
                return 0;
            }
            JsonNode result = invocation.ask(client, "files", args);
            return invocation.print(
                    result,
                    printer -> printer.line(result.path("files").asInt() + " files in "
                            + result.path("local_dir").asText() + ", "
                            + result.path("changed").size() + " changed, "
                            + result.path("removed").size() + " removed"));
        }
    }

    private Path made() {
        try {
            return Files.createDirectories(Path.of(folder.isEmpty() ? name : folder))
                    .toRealPath();
        } catch (IOException | IllegalArgumentException e) {
            throw new Failure(Kind.FAILED, "cannot make the folder: " + e.getMessage(), "choose another", e);
        }
    }
}
