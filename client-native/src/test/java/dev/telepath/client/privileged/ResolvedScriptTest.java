package dev.telepath.client.privileged;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script with a resolvectl that only writes down what it is called with. */
@NullUnmarked
@EnabledOnOs(OS.LINUX)
@Timeout(30)
class ResolvedScriptTest {
    private static final InetAddress SERVER = InetAddress.ofLiteral("246.247.0.2");

    @TempDir
    Path folder;

    private Path calls;

    @BeforeEach
    void play() throws IOException {
        calls = Files.createFile(folder.resolve("calls"));
        Path resolvectl = folder.resolve("resolvectl");
        Files.writeString(resolvectl, "#!/bin/sh\necho \"$*\" >>" + calls + "\n");
        Files.setPosixFilePermissions(resolvectl, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static String line(String device, String... domains) {
        return new String(
                ResolvedScript.line(device, new Order.Names(SERVER, List.of(domains))), StandardCharsets.US_ASCII);
    }

    private List<String> calledFor(String input) throws Exception {
        var builder = new ProcessBuilder("sh", "-c", ResolvedScript.SCRIPT, "tp-names", SERVER.getHostAddress());
        builder.environment().merge("PATH", folder.toString(), (path, ours) -> ours + ":" + path);
        Process process = builder.redirectErrorStream(true).start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        var said = new ByteArrayOutputStream();
        process.getInputStream().transferTo(said);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(said.toString(StandardCharsets.UTF_8)).isEmpty();
        return Files.readAllLines(calls);
    }

    @Test
    void theServerIsNoDefaultWhenItIsToldAndAllIsUndoneWhenThePipeEnds() throws Exception {
        List<String> called = calledFor(line("tp3", "shop.svc.cluster.local", "~cluster.local", "~svc"));
        assertThat(called).contains("dnssec tp3 no", "dnsovertls tp3 no", "default-route tp3 no");
        assertThat(called.subList(3, called.size()))
                .containsExactly(
                        "dns tp3 246.247.0.2", "domain tp3 shop.svc.cluster.local ~cluster.local ~svc", "revert tp3");
    }

    @Test
    void noDomainsUndoItAndAreNotUndoneOnceMore() throws Exception {
        assertThat(calledFor(line("tp0", "~svc") + line("tp0")))
                .contains("domain tp0 ~svc")
                .endsWith("revert tp0")
                .containsOnlyOnce("revert tp0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "eth0 246.247.0.2 ~svc",
                "tp0/../x 246.247.0.2 ~svc",
                "tp01 246.247.0.2 ~svc",
                "--help",
                "tp0 192.0.2.53 ~svc",
                "tp0 246.247.0.2",
                "tp0 246.247.0.2 ~.",
                "tp0 246.247.0.2 ~svc ~.",
                "tp0 246.247.0.2 .",
                "tp0 246.247.0.2 --help",
                "tp0 246.247.0.2 ~svc -4",
                "tp0 246.247.0.2 ~svc;id",
                "tp0 246.247.0.2 $(id)",
                "tp0 246.247.0.2 `id`",
                "tp0 246.247.0.2 *",
                "tp0 246.247.0.2 a..b",
                "tp0 246.247.0.2 SVC",
                "tp0 246.247.0.2 \u00e4.b",
                "tp0 246.247.0.2 a\\tb",
                ""
            })
    void whatIsNoOrderChangesNothingWhoeverSendsIt(String input) throws Exception {
        assertThat(calledFor(input.translateEscapes() + "\n")).isEmpty();
    }
}
