package dev.telepath.manager.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Principal.Account;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.session.WorkloadKey;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class RbacAccessTest {
    private static final WorkloadKey WEB = new WorkloadKey("shop", "web");
    private static final Account ANN = new Account("ann", List.of("developers"), "");

    private final List<String> asked = new ArrayList<>();

    private static Principal caller(Optional<Account> account) {
        return new Principal("ann", Role.CLIENT, false, Optional.empty(), true, account);
    }

    /** A cluster that knows web as a kind, and where ann has some rights. */
    private RbacAccess access(Optional<String> kind, Set<String> granted) {
        return new RbacAccess(key -> key.equals(WEB) ? kind : Optional.empty(), (who, what) -> {
            asked.add(who.user() + " " + what + " " + what.namespace() + "/" + what.name());
            return CompletableFuture.completedFuture(granted.contains(what.toString()));
        });
    }

    private void check(Optional<String> kind, Set<String> granted) {
        access(kind, granted)
                .check(caller(Optional.of(ANN)), WEB)
                .toCompletableFuture()
                .join();
    }

    @Test
    void theVerbEngageAloneIsEnough() {
        check(Optional.of("StatefulSet"), Set.of("engage statefulsets.apps"));
        assertThat(asked).containsExactly("ann engage statefulsets.apps shop/web");
    }

    @Test
    void whoMayPatchTheWorkloadMayEngageIt() {
        check(Optional.of("Deployment"), Set.of("patch deployments.apps"));
        assertThat(asked)
                .containsExactly("ann engage deployments.apps shop/web", "ann patch deployments.apps shop/web");
    }

    @Test
    void aRolloutIsOfTheGroupOfArgo() {
        check(Optional.of("Rollout"), Set.of("engage rollouts.argoproj.io"));
    }

    @Test
    void aWorkloadThatIsNotThereCountsAsADeployment() {
        check(Optional.empty(), Set.of("engage deployments.apps"));
    }

    @Test
    void anotherRightIsNoLeaveAndTheRefusalNamesWhatIsMissing() {
        assertThatThrownBy(
                        () -> check(Optional.of("DaemonSet"), Set.of("engage deployments.apps", "get daemonsets.apps")))
                .isInstanceOf(CompletionException.class)
                .satisfies(e -> {
                    Status refused = Status.fromThrowable(e);
                    assertThat(refused.getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
                    assertThat(refused.getDescription())
                            .contains("ann may not engage DaemonSet web in namespace shop")
                            .contains("engage daemonsets.apps")
                            .contains("telepath-engage-*");
                });
    }

    @Test
    void anApiServerThatCannotBeAskedIsNoLeave() {
        var down = Status.UNAVAILABLE.asRuntimeException();
        var access = new RbacAccess(key -> Optional.empty(), (who, what) -> CompletableFuture.failedFuture(down));
        assertThatThrownBy(() -> access.check(caller(Optional.of(ANN)), WEB)
                        .toCompletableFuture()
                        .join())
                .hasCause(down);
    }

    @Test
    void aCallerOfWhomTheApiServerKnowsNothingIsLetThroughUnasked() {
        access(Optional.of("Deployment"), Set.of())
                .check(caller(Optional.empty()), WEB)
                .toCompletableFuture()
                .join();
        assertThat(asked).isEmpty();
    }
}
