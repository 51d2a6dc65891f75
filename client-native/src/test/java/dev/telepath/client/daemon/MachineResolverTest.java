package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class MachineResolverTest {
    private static final InetAddress OURS = InetAddress.ofLiteral("246.247.0.2");

    @TempDir
    Path folder;

    private MachineResolver machine(String resolvConf, String resolved) throws IOException {
        return new MachineResolver(
                OURS,
                Files.writeString(folder.resolve("resolv.conf"), resolvConf),
                Files.writeString(folder.resolve("resolved.conf"), resolved));
    }

    @Test
    void oursIsNoneOfThisMachinesServersThoughResolvedListsIt() throws IOException {
        MachineResolver machine = machine("nameserver 127.0.0.53\n", "nameserver 246.247.0.2\nnameserver 192.0.2.1\n");
        assertThat(machine.now().servers())
                .extracting(each -> each.getAddress().getHostAddress())
                .containsExactly("192.0.2.1");
        assertThat(machine("nameserver 127.0.0.53\n", "nameserver 246.247.0.2\n")
                        .now()
                        .servers())
                .isEmpty();
    }

    @Test
    void resolvedIsAskedWhereProgramsAskNobodyElse() throws IOException {
        String behind = "nameserver 192.0.2.1\n";
        assertThat(machine("nameserver 127.0.0.53\n", behind).stub()).contains(InetAddress.ofLiteral("127.0.0.53"));
        assertThat(machine("nameserver 127.0.0.53\nnameserver 192.0.2.1\n", behind)
                        .stub())
                .isEmpty();
        assertThat(machine(behind, behind).stub()).isEmpty();
        assertThat(machine("", behind).stub()).isEmpty();
    }

    @Test
    void whatResolvedHasTakenIsSeenByTheDomainsThatItCompletes() throws IOException {
        MachineResolver machine = machine("", "nameserver 192.0.2.1\nsearch lan shop.svc.cluster.local\n");
        assertThat(machine.completesWith("shop.svc.cluster.local")).isTrue();
        assertThat(machine.completesWith("dev.svc.cluster.local")).isFalse();
    }
}
