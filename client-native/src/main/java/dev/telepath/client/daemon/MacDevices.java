package dev.telepath.client.daemon;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.privileged.Order;
import dev.telepath.client.privileged.PrivilegedLink;
import dev.telepath.client.tun.MacTun;
import dev.telepath.client.tun.TunDevice;
import dev.telepath.tunnel.macos.Handover;
import dev.telepath.tunnel.macos.MacLibrary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * A utun of macOS. Only root makes one, and none can be opened by its name, so the privileged process hands over its descriptor. The
 * other way, packets that go through that process, would put root's process and two more copies on the way of every packet. Experimental: not
 * yet run on macOS.
 */
final class MacDevices implements DeviceMaker {
    private static final Logger LOG = Logger.getLogger(MacDevices.class);
    /** The size of packets that the system's own loopback has; larger ones nobody has tried. */
    private static final int MOST_MTU = 16_384;

    private final DeviceAddresses addresses;
    private final int mtu;
    private final Path handover;
    private final MacLibrary library = new MacLibrary();

    /**
     * @param handover where the descriptor is taken
     */
    MacDevices(DeviceAddresses addresses, int mtu, Path handover) {
        this.addresses = addresses;
        this.mtu = Math.min(mtu, MOST_MTU);
        this.handover = handover;
    }

    @Override
    public TunDevice make(PrivilegedLink link) {
        try (var waiting = Handover.listen(library, handover)) {
            List<String> without = link.order(new Order.Utun(mtu, addresses.interface4(), addresses.interface6()));
            if (!without.isEmpty()) {
                LOG.warnf("device not complete cause=\"%s\"", String.join("; ", without));
            }
            // It was sent before the order was answered, so this does not wait.
            return MacTun.adopt(library, waiting.take(), mtu);
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "the device cannot be used: " + e.getMessage(), hint(), e);
        }
    }

    @Override
    public String hint() {
        return "a device is experimental on macOS; without: tp connect --network proxy";
    }
}
