package dev.telepath.client.dns;

import java.net.InetAddress;
import java.util.Optional;

/** Addresses of the cluster as this machine reaches them, where its networks collide with local ones. Thread-safe, pure. */
public interface Translation {
    /** Every address is shown as it is. */
    Translation NONE = new Translation() {
        @Override
        public InetAddress shown(InetAddress real) {
            return real;
        }

        @Override
        public Optional<InetAddress> real(InetAddress shown) {
            return Optional.of(shown);
        }
    };

    /**
     * By which address this machine reaches one of the cluster's.
     *
     * @return of the same family; the same address where it is not mapped
     */
    InetAddress shown(InetAddress real);

    /**
     * The other way, for reverse names.
     *
     * @return the cluster's address; empty where that address means another host on this machine
     */
    Optional<InetAddress> real(InetAddress shown);
}
