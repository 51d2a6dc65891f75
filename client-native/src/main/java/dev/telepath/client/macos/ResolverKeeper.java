package dev.telepath.client.macos;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A child process that outlives this one for a moment: a shell that waits for the end of its input, which is when this process ends in
 * whatever way, and then takes away the files that belong to it.
 */
final class ResolverKeeper implements AutoCloseable {
    /** Its arguments are the folder, the first line of what is ours, and "made" where the folder is too. */
    private static final String SCRIPT = """
            trap '' HUP INT TERM
            cat > /dev/null
            for file in "$1"/telepath-*; do
              if [ -f "$file" ] && [ "$(head -n 1 "$file")" = "$2" ]; then rm -f "$file"; fi
            done
            if [ "$3" = made ]; then rmdir "$1" 2> /dev/null; fi
            exit 0
            """;

    private final Process process;

    private ResolverKeeper(Process process) {
        this.process = process;
    }

    static ResolverKeeper start(Path folder, ResolverOwner owner, boolean made) throws IOException {
        var builder = new ProcessBuilder(List.of(
                        "/bin/sh",
                        "-c",
                        SCRIPT,
                        "telepath-resolver-keeper",
                        folder.toString(),
                        owner.line(),
                        made ? "made" : "there"))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        return new ResolverKeeper(builder.start());
    }

    /** Ends its input, as the death of this process does. */
    void release() throws IOException {
        process.getOutputStream().close();
    }

    Process process() {
        return process;
    }

    /** Has it end, and waits for that. */
    @Override
    public void close() throws IOException {
        release();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
