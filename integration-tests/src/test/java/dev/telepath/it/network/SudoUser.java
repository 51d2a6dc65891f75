package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code tp connect --network tun} by a user who is not root, and whom the laptop's own sudo asks, trusts or refuses. */
@Timeout(240)
class SudoUser {
    private static final String PASSWORD = "once-typed";
    /** As crypt(5) has it, with a salt of this test's. */
    private static final String HASHED =
            "$6$telepath$ulN5FYD/Nt7r1o.lmCe8tHxxsJNErlOD3KJa1yMwVEQjGqhMTb0T/tQajqKdW.6xECeaene6sauz5s2kTQnuc0";

    @RegisterExtension
    static final Laptop laptop = new Laptop(SudoUser::world);

    private static NearAndFar world;
    private static Path sudoers;

    private static NearAndFar world() {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/sudo")) && Files.isExecutable(Path.of("/usr/bin/script")),
                "skipped: sudo or script is not installed");
        return NearAndFar.ofUser();
    }

    @BeforeAll
    static void install() {
        world = laptop.world();
        Assumptions.assumeTrue(world.isOfUser(), "skipped: nobody may not read this checkout");
        Path folder = world.telepath.directory();
        sudoers = folder.resolve("sudoers");
        // In the laptop's mount namespace alone.
        world.laptop.replace("/etc/sudoers", sudoers, "");
        world.laptop.replace(
                "/etc/shadow",
                folder.resolve("shadow"),
                "root:*:20000:0:99999:7:::\nnobody:" + HASHED + ":20000:0:99999:7:::\n");
    }

    @AfterEach
    void quit() {
        if (world != null) {
            world.laptop("sudo -K");
        }
        laptop.quit();
    }

    private static void sudoersSay(String rule) {
        world.telepath.write(sudoers, "Defaults lecture=never\nroot ALL=(ALL:ALL) ALL\n" + rule + "\n");
    }

    /** Connects on a terminal, and types when it is asked. */
    private static Result connectAndType(String password) {
        String connect = String.join(" ", Program.TP.command("64m")) + " connect --network tun --also-proxy "
                + NearAndFar.SERVICES + " --manager " + world.telepath.managerAddress() + " --token-file "
                + world.telepath.tokenFile("client-token");
        // sudo throws away what is typed before it asks, and the terminal shows what nobody reads.
        return world.laptop(
                "cd; rm -f shown over; { for n in 1 2 3; do for i in $(seq 500); do [ ! -e over ] || exit 0;"
                        + " [ $(grep -o 'password of' shown 2>/dev/null | wc -l) -lt $n ] || break; sleep 0.1; done; echo "
                        + password + "; done; } | { script -qefc '" + connect
                        + "' shown; code=$?; touch over; exit $code; }");
    }

    @Test
    void aPasswordIsAskedForOnceAndTheDeviceIsTheUsers() throws IOException {
        sudoersSay("nobody ALL=(ALL:ALL) ALL");
        Result connected = connectAndType(PASSWORD);
        assertThat(connected.exit()).as(connected.out()).isZero();
        assertThat(connected.out().split("password of nobody", -1)).hasSize(2);
        assertThat(connected.out()).contains("Connected to").doesNotContain(PASSWORD);
        assertThat(laptop.curl(Laptop.URL).orFail().out()).isEqualTo(Laptop.HELLO);
        assertThat(Files.readString(Path.of(
                        "/proc/" + laptop.process("privileged").orElseThrow().pid() + "/status")))
                .contains("Uid:\t" + NearAndFar.NOBODY)
                .contains("CapEff:\t0000000000001000");
    }

    @Test
    void nothingIsAskedOfAUserWhomSudoTrusts() {
        sudoersSay("nobody ALL=(ALL:ALL) NOPASSWD: ALL");
        world.connect("--network", "tun");
        assertThat(laptop.curl(Laptop.URL).orFail().out()).isEqualTo(Laptop.HELLO);
        world.telepath.tp("restart").orFail();
        assertThat(laptop.curl(Laptop.URL).orFail().out()).isEqualTo(Laptop.HELLO);
    }

    @Test
    void aUserWhoMayNotUseSudoIsConnectedWithoutADeviceAndToldSo() {
        sudoersSay("");
        Result connected = connectAndType(PASSWORD);
        assertThat(connected.exit()).as(connected.out()).isEqualTo(5);
        assertThat(connected.out())
                .contains("connected, without a device")
                .contains("you may not change this machine's network")
                .contains("tp connect --network proxy");
        assertThat(laptop.status().path("connection").path("state").asText()).isEqualTo("attached");
        assertThat(laptop.status().has("device")).isFalse();
    }

    @Test
    void aWrongPasswordChangesNothing() {
        sudoersSay("nobody ALL=(ALL:ALL) ALL");
        Result connected = connectAndType("mistyped");
        assertThat(connected.exit()).as(connected.out()).isEqualTo(5);
        assertThat(laptop.status().has("device")).isFalse();
    }
}
