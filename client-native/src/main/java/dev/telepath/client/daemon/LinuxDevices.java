package dev.telepath.client.daemon;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.privileged.Order;
import dev.telepath.client.privileged.PrivilegedLink;
import dev.telepath.client.tun.LinuxTun;
import dev.telepath.client.tun.TunDevice;
import dev.telepath.tunnel.linux.CLibrary;
import java.io.IOException;
import org.jboss.logging.Logger;

/** Devices tp0 to tp9, which the privileged process lends to this user and the daemon opens by their name. */
final class LinuxDevices implements DeviceMaker {
    private static final Logger LOG = Logger.getLogger(LinuxDevices.class);
    private static final int DEVICES = 10;

    private final DeviceAddresses addresses;
    private final int mtu;
    private final CLibrary library = new CLibrary();

    LinuxDevices(DeviceAddresses addresses, int mtu) {
        this.addresses = addresses;
        this.mtu = mtu;
    }

    @Override
    public TunDevice make(PrivilegedLink link) {
        String name = free();
        try {
            link.order(new Order.Device(name, mtu, addresses.interface4(), addresses.interface6()));
        } catch (Failure e) {
            reclaim(name);
            throw e;
        }
        try {
            LinuxTun tun = LinuxTun.open(name, mtu, library);
            tun.own();
            return tun;
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "the device " + name + " cannot be used: " + e.getMessage(), hint(), e);
        }
    }

    @Override
    public String hint() {
        return "/dev/net/tun has to be there for every user: sudo chmod 666 /dev/net/tun";
    }

    private String free() {
        try {
            for (int i = 0; i < DEVICES; i++) {
                String name = "tp" + i;
                reclaim(name);
                if (library.interfaceIndex(name) == 0) {
                    return name;
                }
            }
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "the network devices cannot be listed: " + e.getMessage(), "", e);
        }
        throw new Failure(
                Kind.CONFLICT, "the devices tp0 to tp9 are all in use", "ip link shows them; tp quit ends ours");
    }

    /** A device that was lent to this user and that nobody has opened is of a process that was killed: it goes. */
    private void reclaim(String name) {
        try {
            if (library.interfaceIndex(name) != 0) {
                try (LinuxTun left = LinuxTun.open(name, mtu, library)) {
                    left.own();
                }
            }
        } catch (IOException e) {
            LOG.debugf("device of another device=%s cause=\"%s\"", name, e.getMessage());
        }
    }
}
