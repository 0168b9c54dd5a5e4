-- What Roundcube's own columns cannot hold of groups and identities.

CREATE TABLE `jmap_carried` (
  `carried_id` int(10) UNSIGNED NOT NULL AUTO_INCREMENT,
  `user_id` int(10) UNSIGNED NOT NULL,
  `contactgroup_id` int(10) UNSIGNED DEFAULT NULL,
  `identity_id` int(10) UNSIGNED DEFAULT NULL,
  `uid` varchar(255) NOT NULL,
  `digest` varchar(32) NOT NULL,
  `mirror` longtext NOT NULL,
  `data` longtext NOT NULL,
  PRIMARY KEY (`carried_id`),
  CONSTRAINT `user_id_fk_jmap_carried` FOREIGN KEY (`user_id`)
    REFERENCES `users`(`user_id`) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `contactgroup_id_fk_jmap_carried` FOREIGN KEY (`contactgroup_id`)
    REFERENCES `contactgroups`(`contactgroup_id`) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `identity_id_fk_jmap_carried` FOREIGN KEY (`identity_id`)
    REFERENCES `identities`(`identity_id`) ON DELETE CASCADE ON UPDATE CASCADE,
  INDEX `jmap_carried_user_groups_index` (`user_id`, `contactgroup_id`),
  INDEX `jmap_carried_user_identities_index` (`user_id`, `identity_id`),
  UNIQUE INDEX `jmap_carried_contactgroup_id_index` (`contactgroup_id`),
  UNIQUE INDEX `jmap_carried_identity_id_index` (`identity_id`)
) ROW_FORMAT=DYNAMIC ENGINE=INNODB CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

INSERT INTO system (name, value) VALUES ('jmap-version', '2026112800');
